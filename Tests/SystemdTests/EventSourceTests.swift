import Glibc
import Linux
import Synchronization
import Systemd
import TestSupport
import Testing

@Suite struct EventSourceTests {
    init() throws { try RunningLoop.start() }

    @Test func `bytes in a pipe make it readable, and its closed end hangs up`() async throws {
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        let (read, write) = (ends[0], ends[1])
        defer { close(read) }
        let notebook = Notebook()
        let lines: [String] = try await onLoop { done in
            notebook.sources.append(
                try EventSource.io(read, .readable) { events in
                    if events.contains(.readable) {
                        var byte: UInt8 = 0
                        _ = unsafe Glibc.read(read, &byte, 1)
                        notebook.lines.append("byte \(byte)")
                        close(write)
                    } else if events.contains(.hangUp) {
                        notebook.lines.append("hang-up")
                        notebook.sources = []
                        done.resume(returning: notebook.lines)
                    }
                })
            var byte: UInt8 = 7
            _ = unsafe Glibc.write(write, &byte, 1)
        }
        #expect(lines == ["byte 7", "hang-up"])
    }

    @Test func `a disabled source keeps quiet and loses nothing`() async throws {
        try await withPipe { read, write in
            let notebook = Notebook()
            let lines: [String] = try await onLoop { done in
                let source = try EventSource.io(read, .readable) { _ in
                    notebook.lines.append("readable")
                    notebook.sources = []
                    done.resume(returning: notebook.lines)
                }
                try source.setEnabled(false)
                _ = unsafe Glibc.write(write, "x", 1)
                notebook.sources = [
                    source,
                    try EventSource.timer(afterMicroseconds: 2_000) {
                        notebook.lines.append("later")
                        do { try source.setEnabled(true) } catch { done.resume(throwing: error) }
                    },
                ]
            }
            #expect(lines == ["later", "readable"])
        }
    }

    @Test func `timers set together each fire once`() async throws {
        let notebook = Notebook()
        let lines: [String] = try await onLoop { done in
            notebook.sources = try ["first", "second", "third"].map { name in
                try EventSource.timer(afterMicroseconds: 1_000) {
                    notebook.lines.append(name)
                    if notebook.lines.count == 3 { done.resume(returning: notebook.lines) }
                }
            }
        }
        #expect(lines.sorted() == ["first", "second", "third"])
        await Task { @Loop in notebook.sources = [] }.value
    }

    @Test func `a timer never fires before its time`() async throws {
        let notebook = Notebook()
        let clock = ContinuousClock()
        let start = clock.now
        try await onLoop { (done: CheckedContinuation<Void, any Error>) in
            notebook.sources.append(
                try EventSource.timer(afterMicroseconds: 5_000) {
                    notebook.sources = []
                    done.resume()
                })
        }
        #expect(clock.now - start >= .microseconds(5_000))
    }

    @Test func `a timer that is restarted fires again`() async throws {
        let notebook = Notebook()
        let count: Int = try await onLoop { done in
            notebook.sources.append(
                try EventSource.timer(afterMicroseconds: 0) {
                    notebook.lines.append("tick")
                    guard notebook.lines.count < 3 else {
                        notebook.sources = []
                        return done.resume(returning: notebook.lines.count)
                    }
                    do { try notebook.sources[0].restart(afterMicroseconds: 10) } catch { done.resume(throwing: error) }
                })
        }
        #expect(count == 3)
    }

    @Test func `a signal reaches its source`() async throws {
        let notebook = Notebook()
        try await onLoop { (done: CheckedContinuation<Void, any Error>) in
            notebook.sources.append(
                try EventSource.signal(SIGUSR2) {
                    notebook.sources = []
                    done.resume()
                })
            raise(SIGUSR2)
        }
    }

    @Test(arguments: [("exit 42", Int32(CLD_EXITED), Int32(42)), ("kill -9 $$", Int32(CLD_KILLED), Int32(9))])
    func `the end of a child is told once, with its status`(script: String, code: Int32, status: Int32) async throws {
        let shell = try Directory(path: "/bin").open("sh")
        let child = try Linux.Process.spawn(
            executable: shell.rawValue, arguments: ["sh", "-c", script], environment: [], descriptors: []
        ).shared()
        let notebook = Notebook()
        let exit: EventSource.ChildExit = try await onLoop { done in
            notebook.sources.append(
                try EventSource.exit(ofPidfd: child.descriptor.rawValue) { exit in
                    notebook.sources = []
                    done.resume(returning: exit)
                })
        }
        #expect(exit.code == code)
        #expect(exit.status == status)
        // The loop reaps it after the handler: once it does something else, that is done.
        await Task { @Loop in }.value
        #expect(throws: Errno.noChild) { try child.collect() }
    }

    @Test func `a regular file cannot be waited for`() async throws {
        let fd = unsafe open("/etc/passwd", O_RDONLY | O_CLOEXEC)
        defer { close(fd) }
        await #expect(throws: SystemdError(call: "sd_event_add_io", errno: EPERM)) {
            try await Task { @Loop in _ = try EventSource.io(fd, .readable) { _ in } }.value
        }
    }

    @Test func `a source dropped in its own handler or on another thread frees what it holds`() async throws {
        try await withPipe { read, write in
            _ = unsafe Glibc.write(write, "x", 1)
            let notebook = Notebook()
            try await onLoop { (done: CheckedContinuation<Void, any Error>) in
                let probe = Probe()
                notebook.sources.append(
                    try EventSource.io(read, .readable) { _ in
                        withExtendedLifetime(probe) { notebook.sources = [] }
                        done.resume()
                    })
            }
            try await dropElsewhere(write)
            while await Probe.ended < 2 { await Task.yield() }
        }
    }
}

/// Makes a source on the loop and drops it here.
@concurrent private func dropElsewhere(_ fd: Int32) async throws {
    let source = try await Task { @Loop in
        let probe = Probe()
        return try EventSource.io(fd, .hangUp) { _ in withExtendedLifetime(probe) {} }
    }.value
    withExtendedLifetime(source) {}
}

/// Counts its own end.
@Loop private final class Probe {
    static var ended = 0
    isolated deinit { Self.ended += 1 }
}
