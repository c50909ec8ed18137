internal import Engine
internal import Model
internal import Systemd
internal import Wire

/// Limits and what is used of them.
struct ResourceMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(ContainerUpdate.self) { params, _ in
            let change = ContainerChange(
                limits: params.limits ?? Limits(), clear: params.clear ?? [], restart: params.restart)
            return ContainerInfo(try await engine.update(params.container, change))
        }
        router.on(ContainerStatistics.self) { params, context in try await stats(params, context) }
        router.on(ContainerTop.self) { params, _ in
            ContainerTop.Result(processes: try await engine.processes(of: params.container))
        }
    }

    private func stats(
        _ params: ContainerStatistics.Params, _ context: RequestContext<ContainerStatistics>
    ) async throws -> ContainerStatistics.Result {
        let containers = params.containers ?? []
        guard let interval = params.interval else {
            return ContainerStatistics.Result(stats: try await engine.stats(of: containers))
        }
        guard (0.1...3600).contains(interval) else {
            throw AgentError(.requestInvalid, "interval is 0.1 to 3600 seconds")
        }
        while !Task.isCancelled {
            do {
                try await context.emit(ContainerStatistics.Result(stats: try await engine.stats(of: containers)))
            } catch let error as AgentError where error.code == .containerWrongState && !containers.isEmpty {
                // The named containers have ended: so has their stream.
                break
            }
            try await engine.pause(.milliseconds(Int64(interval * 1000)))
        }
        return ContainerStatistics.Result(stats: [])
    }
}
