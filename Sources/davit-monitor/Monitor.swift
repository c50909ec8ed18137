internal import CLinux
internal import CStart
internal import LaunchPlanEmbedded

/// The life of the monitor: launch, relay until the main process ends, record the end.
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
            let streams = try Streams(plan.stdio)
            let child = try Birth.of(plan, streams)
            run.writeLaunched(pid: child.pid)
            Control.launched(pid: child.pid, pidfd: child.pidfd)
            return Container(
                process: child, run: run, log: plan.log, output: streams.output, error: streams.error,
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
                Descriptors.control, container.run.directory, container.run.lock, container.process.pidfd,
                events.cgroup,
            ] + (log?.descriptors ?? []) + relays.flatMap { [$0.source, $0.copy] })
        var exit = relay(relays, log, until: container.process)
        drain(relays, log)
        exit.oom = events.oomKilled
        container.run.write(exit)
        Control.exited(exit)
    }

    /// Passes output on until the main process has ended. After a second without any the buffers are given back.
    private static func relay(_ relays: [Relay], _ log: LogFile?, until child: Offspring) -> Exit {
        var resting = true
        while true {
            var polls = [davit_poll(descriptor: child.pidfd, events: Kernel.readable, ready: 0)]
            polls += relays.map { $0.poll }
            let ready = unsafe davit_poll_many(&polls, polls.count, resting ? -1 : 1000)
            if ready == 0 { rest(relays, log) }
            resting = ready == 0
            for (index, relay) in relays.enumerated() where polls[index + 1].ready != 0 {
                _ = relay.pump(into: log)
            }
            if polls[0].ready != 0, let exit = child.collect() { return exit }
        }
    }

    private static func rest(_ relays: [Relay], _ log: LogFile?) {
        for relay in relays { relay.rest() }
        log?.rest()
    }

    /// Takes what is still in the pipes. A client that takes nothing for five seconds is given up.
    private static func drain(_ relays: [Relay], _ log: LogFile?) {
        for relay in relays {
            while relay.pump(into: log) || relay.waitsForClient {
                guard relay.waitsForClient else { continue }
                if davit_poll(relay.copy, Int32(Kernel.writable), 5000) == 0 { relay.dropClient() }
            }
            relay.finish(into: log)
        }
    }
}

/// A running container, without anything from the heap: what was taken for the launch shall be free afterwards.
private struct Container {
    let process: Offspring
    let run: RunDirectory
    let log: Log?
    let output: Stream?
    let error: Stream?
    let cgroup: Int32
}
