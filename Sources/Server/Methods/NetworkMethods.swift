internal import Engine
internal import Model
internal import Systemd
internal import Wire

struct NetworkMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(NetworkCreate.self) { spec, _ in NetworkInfo(try await engine.createNetwork(spec)) }
        router.on(NetworkList.self) { _, _ in
            NetworkList.Result(networks: await engine.networkViews().map(NetworkInfo.init))
        }
        router.on(NetworkGet.self) { params, _ in NetworkInfo(try await engine.network(params.network)) }
        router.on(NetworkRemove.self) { params, _ in
            try await engine.removeNetwork(params.network)
            return Done()
        }
        router.on(NetworkPrune.self) { _, _ in NetworkPrune.Result(removed: try await engine.pruneNetworks()) }
        router.on(NetworkConnect.self) { params, _ in
            ContainerInfo(try await engine.connect(params.container, to: params.connection))
        }
        router.on(NetworkDisconnect.self) { params, _ in
            ContainerInfo(try await engine.disconnect(params.container, from: params.network))
        }
        router.on(NetworkLimit.self) { params, _ in
            ContainerInfo(
                try await engine.limit(params.container, on: params.network, to: params.bandwidth))
        }
        router.on(PortAdd.self) { params, _ in
            ContainerInfo(try await engine.publish(params.ports, of: params.container))
        }
        router.on(PortExplain.self) { params, _ in
            PortExplain.Result(paths: try await engine.explainPorts(of: params.container))
        }
        router.on(PortRemove.self) { params, _ in
            ContainerInfo(try await engine.withdraw(params.ports, of: params.container))
        }
    }
}

extension NetworkInfo {
    init(_ view: NetworkView) {
        self.init(
            spec: view.spec, state: view.state, createdAt: view.createdAt == 0 ? nil : view.createdAt,
            containers: view.containers)
    }
}
