internal import CLinux
internal import CStart
internal import LaunchPlanEmbedded

/// The life of the monitor: launch, keep the container until its main process ends, record the end.
enum Monitor {
    /// Returns the monitor's own exit status.
    static func run() -> Int32 {
        guard let container = start() else { return 1 }
        // The plan is gone and nothing of the launch is needed any more: what stays are a few objects.
        davit_heap_turn()
        davit_stack_trim()
        watch(container)
        return 0
    }

    private static func start() -> Container? {
        do {
            let plan = try LaunchPlan.received()
            return launch(plan, try RunDirectory(Descriptors.ofPlan(plan.run)))
        } catch {
            Control.failed(error)
            return nil
        }
    }

    private static func launch(_ plan: LaunchPlan, _ run: RunDirectory) -> Container? {
        do {
            var streams = try Streams(plan.stdio)
            let child = try Birth.of(plan, &streams)
            run.writeLaunched(pid: child.pid)
            Control.launched(pid: child.pid, pidfd: child.pidfd)
            return Container(
                process: child, run: run, log: plan.log, output: streams.output, error: streams.error,
                input: streams.input, feed: streams.feed,
                cgroup: plan.cgroup.map { Descriptors.ofPlan($0) } ?? -1)
        } catch {
            run.removeLaunched()
            run.write(Exit())
            Control.failed(error)
            return nil
        }
    }

    private static func watch(_ container: Container) {
        let log = container.log.map { LogFile($0) }
        let relays = [container.output, container.error].compactMap { $0 }.map { Relay($0) }
        let events = MemoryEvents(cgroup: container.cgroup)
        Descriptors.closeOthers(
            keeping: [
                Descriptors.control, Descriptors.agent, container.run.directory, container.run.lock,
                container.process.pidfd, container.input, container.feed, events.cgroup,
            ] + (log?.descriptors ?? []) + relays.flatMap { $0.descriptors })
        var keeper = Keeper(
            child: container.process, log: log, relays: relays, input: container.input, feed: container.feed)
        var exit = keeper.keep()
        keeper.drain()
        exit.oom = events.oomKilled
        container.run.write(exit)
        Control.exited(exit)
    }
}

/// A running container, without anything from the heap: what was taken for the launch shall be free afterwards.
private struct Container {
    let process: Offspring
    let run: RunDirectory
    let log: Log?
    let output: Stream?
    let error: Stream?
    let input: Int32
    let feed: Int32
    let cgroup: Int32
}
