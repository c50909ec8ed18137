public import Drivers
internal import JSON
internal import Linux
public import Model

/// A volume, and the containers that keep it from being removed.
public struct VolumeView: Sendable, Hashable {
    public var volume: Volume
    public var containers: [ContainerID]
}

extension Engine {
    func inTurn<Value>(_ name: VolumeName, _ body: () async throws -> Value) async rethrows -> Value {
        await volumeTurns.enter(name).take()
        defer { volumeTurns.leave(name) }
        return try await body()
    }

    /// Makes a volume, or answers the one of that name. Throws `volume.exists` when that one has another size.
    public func createVolume(_ request: VolumeRequest) async throws -> VolumeView {
        if let size = request.size, size < 1 << 16 {
            throw AgentError(.requestInvalid, "the size of a volume is in bytes, 65536 at least")
        }
        return try await inTurn(request.name) { view(of: try await make(request)) }
    }

    /// In the volume's turn.
    @discardableResult
    func make(_ request: VolumeRequest) async throws -> Volume {
        let former = try? await parts.storage.volume(request.name)
        let volume = try await parts.storage.createVolume(request)
        if former == nil { tell(.volumeCreated, subject: volume.name.description) }
        return volume
    }

    public func volume(_ name: String) async throws -> VolumeView {
        view(of: try await parts.storage.volume(VolumeName(name)))
    }

    /// All volumes, by name.
    public func volumes() async throws -> [VolumeView] {
        try await parts.storage.volumes().sorted { $0.name.description < $1.name.description }.map(view)
    }

    private func view(of volume: Volume) -> VolumeView {
        VolumeView(volume: volume, containers: users(of: volume.name))
    }

    private func users(of volume: VolumeName) -> [ContainerID] {
        containers.values.filter { $0.record.volumeNames.contains(volume) }.map(\.id).sorted {
            $0.description < $1.description
        }
    }

    /// Throws `volume.not_found`, and `volume.in_use` while any container has it, running or not.
    public func removeVolume(_ name: String) async throws {
        let name = try VolumeName(name)
        try await inTurn(name) {
            _ = try await parts.storage.volume(name)
            try await remove(name)
        }
    }

    private func remove(_ name: VolumeName) async throws {
        if let user = users(of: name).first {
            throw AgentError(
                .volumeInUse, "container \(user) has the volume \(name): remove the container first",
                details: ["container": .string(user.description)])
        }
        try await parts.storage.removeVolume(name)
        tell(.volumeRemoved, subject: name.description)
    }

    /// Removes the volumes that no container has, those with a name only when `named`; answers which.
    public func pruneVolumes(named: Bool) async throws -> [VolumeName] {
        var removed: [VolumeName] = []
        for volume in try await parts.storage.volumes() where named || volume.isAnonymous {
            do {
                try await inTurn(volume.name) { try await remove(volume.name) }
                removed.append(volume.name)
            } catch let error as AgentError {
                guard error.code == .volumeInUse else { throw error }
            }
        }
        return removed
    }

    /// Removes the volumes that nobody named, after their container is gone.
    func removeVolumes(of container: Container) async throws {
        for name in container.record.volumes?.values ?? [:].values {
            try await inTurn(name) { try await remove(name) }
        }
    }
}
