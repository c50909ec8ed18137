internal import Engine
internal import Model
internal import Systemd
internal import Wire

/// What changes the life of a container that is there.
struct LifeMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(ContainerRestart.self) { params, _ in
            let grace = try ContainerStop.Params(container: params.container, timeout: params.timeout).grace
            return ContainerInfo(try await engine.restart(params.container, grace: grace))
        }
        router.on(ContainerPause.self) { params, _ in ContainerInfo(try await engine.pause(params.container)) }
        router.on(ContainerResume.self) { params, _ in ContainerInfo(try await engine.resume(params.container)) }
        router.on(ContainerRename.self) { params, _ in
            ContainerInfo(try await engine.rename(params.container, to: params.name))
        }
    }
}
