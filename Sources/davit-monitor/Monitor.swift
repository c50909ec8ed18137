internal import CLinux
internal import LaunchPlanEmbedded

/// The life of the monitor: launch, relay until the main process ends, record the end.
enum Monitor {
    /// Returns the monitor's own exit status.
    static func run() -> Int32 {
        do {
            let plan = try LaunchPlan.received()
            let run = try RunDirectory(Descriptors.ofPlan(plan.run))
            return launch(plan, run)
        } catch {
            Control.failed(error)
            return 1
        }
    }

    private static func launch(_ plan: LaunchPlan, _ run: RunDirectory) -> Int32 {
        do {
            let streams = try Streams(plan.stdio)
            let child = try Birth.of(plan, streams)
            run.writeLaunched(pid: child.pid)
            Control.launched(pid: child.pid, pidfd: child.pidfd)
            watch(child, plan, run, streams.relays)
            return 0
        } catch {
            run.removeLaunched()
            run.write(Exit())
            Control.failed(error)
            return 1
        }
    }

    private static func watch(_ child: Offspring, _ plan: LaunchPlan, _ run: RunDirectory, _ relays: [Relay]) {
        let log = plan.log.map { LogFile($0) }
        let events = MemoryEvents(cgroup: plan.cgroup.map { Descriptors.ofPlan($0) } ?? -1)
        Descriptors.closeOthers(
            keeping: [Descriptors.control, run.directory, run.lock, child.pidfd, events.cgroup]
                + (log?.descriptors ?? []) + relays.flatMap { [$0.source, $0.copy] })
        var exit = relay(relays, log, until: child)
        drain(relays, log)
        exit.oom = events.oomKilled
        run.write(exit)
        Control.exited(exit)
    }

    /// Passes output on until the main process has ended.
    private static func relay(_ relays: [Relay], _ log: LogFile?, until child: Offspring) -> Exit {
        while true {
            var polls = [davit_poll(descriptor: child.pidfd, events: Kernel.readable, ready: 0)]
            polls += relays.map { $0.poll }
            _ = unsafe davit_poll_many(&polls, polls.count, -1)
            for (index, relay) in relays.enumerated() where polls[index + 1].ready != 0 {
                _ = relay.pump(into: log)
            }
            if polls[0].ready != 0, let exit = child.collect() { return exit }
        }
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
        log?.flush()
    }
}
