internal import Engine
internal import Model
internal import Systemd
internal import Wire

struct ServiceMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(ServiceCreate.self) { spec, _ in ServiceInfo(try await engine.createService(spec)) }
        router.on(ServiceList.self) { _, _ in
            ServiceList.Result(services: await engine.serviceViews().map(ServiceInfo.init))
        }
        router.on(ServiceGet.self) { params, _ in ServiceInfo(try await engine.service(params.service)) }
        router.on(ServiceRemove.self) { params, _ in
            try await engine.removeService(params.service)
            return Done()
        }
    }
}

extension ServiceInfo {
    init(_ view: ServiceView) {
        self.init(
            spec: view.spec, addresses: view.addresses, backends: view.backends, createdAt: view.createdAt)
    }
}
