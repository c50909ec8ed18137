internal import Drivers
internal import Linux
internal import Model

extension Engine {
    /// Takes up where an earlier agent stopped or died: call once, before the first request.
    ///
    /// A container whose monitor lives is adopted as it is. One that ended meanwhile gets the end that its monitor wrote.
    /// One that was being started is cleaned away. Nothing that runs is touched.
    public func recover() async {
        let (found, problems) = parts.ledger.load()
        for problem in problems { parts.complain(problem, nil) }
        for record in found { await recover(record) }
        let valid = Set(containers.keys)
        for driver in drivers {
            do { _ = try await driver.collect(valid: valid) } catch {
                parts.complain(AgentError(.driverFailed, "collecting what is left over failed").caused(by: error), nil)
            }
        }
        parts.cgroups.sweep(keeping: valid)
    }

    private var drivers: [any Driver] {
        [parts.storage, parts.isolation] + parts.networks.values.map { $0 as any Driver }
    }

    private func recover(_ record: ContainerRecord) async {
        let container = Container(record: record)
        containers[record.id] = container
        if let name = record.spec.name { names[name] = record.id }
        if let block = record.ids { ids.claim(block) }
        guard let run = parts.ledger.run(of: record.id) else { return settle(container) }
        container.undo = Undo.allCases
        container.life = ContainerLife(state: .starting, removesItself: record.spec.remove)
        do {
            if try adopt(container, run) { return }
        } catch {
            parts.complain(AgentError(.hostFailed, "the monitor could not be taken up").caused(by: error), record.id)
        }
        lost(container)
    }

    /// Not running, and not running when the agent went: only its record says how it stands.
    private func settle(_ container: Container) {
        let state: ContainerLife.State =
            if let exit = container.record.exit { .exited(exit) } else if let error = container.record.error {
                .failed(error)
            } else { .created }
        container.life = ContainerLife(state: state, removesItself: container.record.spec.remove)
    }

    private func adopt(_ container: Container, _ run: RunDirectory) throws -> Bool {
        let adopted = try parts.launcher.adopt(run) { [self] report in
            assumeIsolated { $0.take(report, of: container, steps: []) }
        }
        guard let adopted else { return false }
        container.monitor = adopted.watch
        container.process = adopted.process
        container.life = ContainerLife(state: .running(pid: adopted.pid), removesItself: container.record.spec.remove)
        return true
    }

    /// Its monitor is gone: the end lies in the run directory, or nobody knows it.
    private func lost(_ container: Container) {
        parts.cgroups.kill(container.id)
        let unknown = ExitRecord(status: nil, signal: nil, oom: false, time: now())
        take(.exited(parts.ledger.exitRecord(of: container.id) ?? unknown), of: container, steps: [])
    }
}
