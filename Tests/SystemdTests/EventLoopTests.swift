import Glibc
import Synchronization
import Systemd
import TestSupport
import Testing

@Suite struct EventLoopTests {
    init() throws { try RunningLoop.start() }

    @Test func `a job runs on the loop's thread`() async {
        await Task { @Loop in
            Loop.shared.assertIsolated()
            #expect(EventLoop.main.isCurrent)
        }.value
        #expect(!EventLoop.main.isCurrent)
    }

    @Test func `a task that prefers the loop runs there although it has no actor`() async {
        let onLoop = await Task(executorPreference: EventLoop.main) { EventLoop.main.isCurrent }.value
        #expect(onLoop)
    }

    @Test func `no job of 10,000 from many threads is lost, and none overlaps another`() async {
        let count = await withTaskGroup(of: Void.self, returning: Int.self) { group in
            let counter = Counter()
            for _ in 0..<10_000 { group.addTask { @concurrent in await counter.add() } }
            await group.waitForAll()
            return await counter.value
        }
        #expect(count == 10_000)
    }

    @Test func `10,000 round trips one after the other all wake the sleeping loop`() async {
        let counter = Counter()
        for _ in 0..<10_000 { await counter.add() }
        #expect(await counter.value == 10_000)
    }

    @Test func `what one thread enqueues runs in its order`() async throws {
        let seen: [Int] = try await onLoop { done in
            let list = List()
            for number in 0..<1_000 { Loop.onStart { list.numbers.append(number) } }
            Loop.onStart { done.resume(returning: list.numbers) }
        }
        #expect(seen == Array(0..<1_000))
    }

    @Test func `jobs that enqueue jobs for ever do not starve a descriptor`() async throws {
        try await withPipe { read, write in
            let notebook = Notebook()
            let storm = Storm()
            let served: Int = try await onLoop { done in
                storm.blow()
                var count = 0
                notebook.sources.append(
                    try EventSource.io(read, .readable) { _ in
                        count += 1
                        guard count == 100 else { return }
                        notebook.sources = []
                        done.resume(returning: count)
                    })
                _ = unsafe Glibc.write(write, "x", 1)
            }
            await storm.end()
            #expect(served == 100)
        }
    }

    @Test func `a descriptor that is always ready does not starve jobs`() async throws {
        try await withPipe { read, write in
            _ = unsafe Glibc.write(write, "x", 1)
            let notebook = Notebook()
            try await onLoop { (done: CheckedContinuation<Void, any Error>) in
                notebook.sources.append(try EventSource.io(read, .readable) { _ in })
                done.resume()
            }
            let counter = Counter()
            for _ in 0..<1_000 { await counter.add() }
            await Task { @Loop in notebook.sources = [] }.value
            #expect(await counter.value == 1_000)
        }
    }

    @Test func `a loop stops, keeps what waits, and runs again`() async throws {
        let loop = EventLoop()
        let ran = Tally()
        for _ in 0..<1_000 {
            Task(executorPreference: loop) {
                ran.count.add(1, ordering: .relaxed)
                loop.stop()
            }
        }
        try loop.run()
        let first = ran.count.load(ordering: .relaxed)
        while ran.count.load(ordering: .relaxed) < 1_000 { try loop.run() }
        #expect(first < 1_000)
        #expect(!loop.isCurrent)
    }

    @Test func `the watchdog's SIGABRT ends a process that blocks its signals`() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            EventLoop.blockAllSignals()
            raise(SIGTERM)
            raise(SIGABRT)
        }
    }

    @Test func `without WatchdogSec there is no watchdog to serve`() async throws {
        let served = try await Task { @Loop in try EventLoop.main.useWatchdog() }.value
        #expect(!served)
    }
}

@Loop private final class Counter {
    private(set) var value = 0
    private var isInside = false
    nonisolated init() {}

    func add() {
        #expect(!isInside)
        isInside = true
        value += 1
        isInside = false
    }
}

private final class Tally: Sendable {
    let count = Atomic(0)
}

@Loop private final class List {
    var numbers: [Int] = []
}

/// 1,000 jobs which each enqueue themselves again.
@Loop private final class Storm {
    private var isBlowing = true
    nonisolated init() {}

    func blow() {
        for _ in 0..<1_000 { again() }
    }

    private func again() {
        Loop.onStart { [self] in
            if isBlowing { again() }
        }
    }

    func end() { isBlowing = false }
}
