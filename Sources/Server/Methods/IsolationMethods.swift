internal import Drivers
internal import Engine
internal import Model
internal import Systemd
internal import Wire

/// What stands between a container and its host.
struct IsolationMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(IsolationExplain.self) { params, _ in
            switch (params.container, params.spec) {
            case (let container?, nil): IsolationExplain.Result(try await engine.explain(container))
            case (nil, let spec?): IsolationExplain.Result(try await engine.explain(spec))
            default: throw AgentError(.requestInvalid, "give either a container or a spec to explain")
            }
        }
    }
}

extension IsolationExplain.Result {
    init(_ explanation: Explanation) {
        self.init(
            exposure: explanation.exposure,
            walls: explanation.walls.map {
                IsolationExplain.Wall(
                    name: $0.name, state: $0.state.rawValue, message: $0.message, exposure: $0.weight)
            })
    }
}
