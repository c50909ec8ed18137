internal import Linux

/// The threads on which one driver's calls block: one for a serial driver, up to a few for a concurrent one.
///
/// Threads start on demand and stay. A hung call keeps its thread; the others go on.
final class WorkerThreads: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        /// Where the queue begins in `jobs`; what is before it has been taken.
        var next = 0
        var idle = 0
        var threads = 0

        var waiting: Int { jobs.count - next }

        mutating func take() -> Job? {
            guard next < jobs.count else { return nil }
            defer {
                next += 1
                if next == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    next = 0
                }
            }
            return jobs[next]
        }
    }

    private let name: String
    private let limit: Int
    private let state = Guarded(State())

    init(name: String, limit: Int) {
        self.name = name
        self.limit = limit
    }

    /// Queues a job. Throws only when not one thread could be started.
    func submit(_ job: @escaping Job) throws(Errno) {
        let mustStart = state.withLock { state in
            state.jobs.append(job)
            guard state.waiting > state.idle, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        state.wakeOne()
        if mustStart { try startThread() }
    }

    private func startThread() throws(Errno) {
        do { try Thread.start(name) { [self] in work() } } catch {
            let left = state.withLock { state in
                state.threads -= 1
                return state.threads
            }
            if left == 0 { throw error }
        }
    }

    private func work() {
        while true { nextJob()() }
    }

    private func nextJob() -> Job {
        state.withLock { $0.idle += 1 }
        return state.wait { state in
            guard let job = state.take() else { return nil }
            state.idle -= 1
            return job
        }
    }
}
