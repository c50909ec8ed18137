import Drivers
import JSON
import Linux
import Model

/// The volumes of a store.
///
///     volumes/<name>/data         what is in it
///     volumes/<name>/volume.json  what it is
///     volumes/<name>/new          it was never settled: what is in it is of a copy that was interrupted
///
/// A volume is made whole in `drafts` and gets its name at last, so it is there or not.
struct VolumeShelf: Sendable {
    private let shelf: Directory
    private let drafts: Directory
    private let trash: Trash
    private let sizes: Sizes

    init(_ store: Store) {
        shelf = store.volumes
        drafts = store.drafts
        trash = store.trash
        sizes = store.sizes
    }

    func create(_ request: VolumeRequest) throws -> Volume {
        if let volume = try find(request.name) { return try same(volume, request) }
        let volume = Volume(
            name: request.name, size: request.size, labels: request.labels, isAnonymous: request.isAnonymous,
            owner: request.owner, createdAt: Clock.now)
        let draft = "volume-\(ContainerID.random())"
        do {
            try write(volume, to: draft)
            try drafts.renameExclusively(draft, to: request.name.description, in: shelf)
            if request.owner == nil { try shelf.descriptor.synchronize() }
        } catch {
            _ = try? trash.take(draft, from: drafts)
            // Two may have made it at once.
            guard error as? Errno == .exists, let other = try find(request.name) else { throw error }
            return try same(other, request)
        }
        return volume
    }

    private func same(_ volume: Volume, _ request: VolumeRequest) throws -> Volume {
        guard request.size == nil || request.size == volume.size else {
            let size = volume.size.map { "of \($0) bytes" } ?? "without a size"
            throw AgentError(
                .volumeExists, "there is a volume \(volume.name) \(size): remove it, or ask for it as it is")
        }
        return volume
    }

    private func write(_ volume: Volume, to draft: String) throws {
        try drafts.makeDirectory(draft, mode: 0o700)
        let home = try drafts.directory(draft)
        try makeData(in: home, size: volume.size)
        try home.open(Self.newName, [.writeOnly, .create]).close()
        var bytes: [UInt8] = []
        try JSONValue(encoding: volume).print(to: &bytes)
        // A volume that ends with its container need not outlive the host.
        try home.replaceFile(Self.recordName, bytes + [0x0A], durable: volume.owner == nil)
    }

    private func makeData(in home: Directory, size: Int64?) throws {
        try home.makeDirectory(Self.dataName, mode: 0o755)
        let data = try home.directory(Self.dataName)
        // The umask took bits, and any user of a container may have to enter.
        try data.descriptor.changeMode(0o755)
        if let size { try sizes.limit([data], to: size) }
    }

    func get(_ name: VolumeName) throws -> Volume {
        guard let volume = try find(name) else { throw Self.unknown(name) }
        return volume
    }

    private static func unknown(_ name: VolumeName) -> AgentError {
        AgentError(.volumeNotFound, "there is no volume \(name): davit volume ls shows those there are")
    }

    private func find(_ name: VolumeName) throws -> Volume? {
        guard try shelf.statusIfPresent(name.description) != nil else { return nil }
        do {
            let bytes = try shelf.directory(name.description).read(Self.recordName, limit: 1 << 20)
            return try JSONValue(parsing: bytes).decode(Volume.self, unknownKeys: .ignore)
        } catch {
            // Its files are worth more than its record.
            return Volume(name: name, size: nil, labels: [:], isAnonymous: false, owner: nil, createdAt: 0)
        }
    }

    func list() throws -> [Volume] {
        try shelf.names().compactMap { name in try (try? VolumeName(name)).flatMap { try find($0) } }
    }

    func remove(_ name: VolumeName) throws {
        if try trash.take(name.description, from: shelf) { try shelf.descriptor.synchronize() }
    }

    /// Removes the volumes whose containers are gone; answers what was removed.
    func collect(valid: Set<ContainerID>) throws -> [String] {
        let orphans = try list().filter { $0.owner.map { !valid.contains($0) } ?? false }
        for orphan in orphans { try remove(orphan.name) }
        return orphans.map { "volume \($0.name)" }
    }

    func open(_ request: VolumeOpening) throws -> OpenedVolume {
        guard try shelf.statusIfPresent(request.name.description) != nil else { throw Self.unknown(request.name) }
        let home = try shelf.directory(request.name.description)
        let isNew = try home.statusIfPresent(Self.newName) != nil
        if isNew { try empty(home, of: request.name) }
        let mount = try Mount.clone(of: home.directory(Self.dataName).descriptor).shared()
        if let idMap = request.idMap { try Mount.idMap(mount, through: idMap) }
        return OpenedVolume(mount: mount, isNew: isNew)
    }

    /// What an interrupted copy left is no content.
    private func empty(_ home: Directory, of name: VolumeName) throws {
        if let data = try? home.directory(Self.dataName), try data.names().isEmpty { return }
        try trash.take(Self.dataName, from: home)
        try makeData(in: home, size: find(name)?.size)
    }

    func settle(_ name: VolumeName) throws {
        guard try shelf.statusIfPresent(name.description) != nil else { throw Self.unknown(name) }
        let home = try shelf.directory(name.description)
        guard try home.statusIfPresent(Self.newName) != nil else { return }
        try home.remove(Self.newName)
        try home.descriptor.synchronize()
    }

    private static let dataName = "data"
    private static let recordName = "volume.json"
    private static let newName = "new"
}
