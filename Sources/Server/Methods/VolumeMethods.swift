internal import Drivers
internal import Engine
internal import Model
internal import Systemd
internal import Wire

struct VolumeMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(VolumeCreate.self) { params, _ in
            VolumeInfo(
                try await engine.createVolume(
                    VolumeRequest(
                        name: params.name ?? .random(), size: params.size, labels: params.labels ?? [:],
                        isAnonymous: params.name == nil)))
        }
        router.on(VolumeList.self) { _, _ in
            VolumeList.Result(volumes: try await engine.volumes().map(VolumeInfo.init))
        }
        router.on(VolumeGet.self) { params, _ in VolumeInfo(try await engine.volume(params.volume)) }
        router.on(VolumeRemove.self) { params, _ in
            try await engine.removeVolume(params.volume)
            return Done()
        }
        router.on(VolumePrune.self) { params, _ in
            VolumePrune.Result(removed: try await engine.pruneVolumes(named: params.all ?? false))
        }
    }
}

extension VolumeInfo {
    init(_ view: VolumeView) { self.init(view.volume, containers: view.containers) }
}
