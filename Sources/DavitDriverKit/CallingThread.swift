internal import Linux

/// A task executor that is the thread which waits for the task: no hop to another thread, no pool.
///
/// Made for one task, used once.
final class CallingThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isFinished = false
    }

    private let state = Guarded(State())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        state.wakeOne()
    }

    /// Runs the task's jobs on the calling thread until the task has called `finish`. Blocks.
    func drain() {
        while let job = nextJob() {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// The last thing that the task does.
    func finish() {
        state.withLock { $0.isFinished = true }
        state.wakeOne()
    }

    private func nextJob() -> UnownedJob? {
        state.wait { state in
            if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
            return state.isFinished ? .some(nil) : nil
        }
    }
}
