internal import Linux
internal import Model

/// A file or directory of the host that a container shall see, opened once: whatever becomes of the path later, this
/// is what was asked for.
///
/// No component of a path that somebody asked for may be a symbolic link. Who can change a directory on the way could
/// otherwise have the agent show any file of the host.
struct HostPath: Sendable {
    let path: String
    let file: Descriptor

    /// Throws `mount.refused`. Blocks as the file system does.
    init(_ path: String, followingLinks: Bool = false) throws(AgentError) {
        self.path = path
        do {
            file = try Self.open(path, followingLinks ? .noMagicLinks : [.noSymlinks, .noMagicLinks])
        } catch {
            throw Self.refusal(of: path, error)
        }
    }

    private static func open(_ path: String, _ resolve: Resolve) throws(Errno) -> Descriptor {
        let below = String(path.drop { $0 == "/" })
        return try Directory(path: "/").open(below.isEmpty ? "." : below, .path, resolve: resolve).shared()
    }

    // MARK: Refusals

    private static func refusal(of path: String, _ error: Errno) -> AgentError {
        let reason: String
        switch error {
        case .noSuchFile: reason = "there is no \(path) on the host: make it first"
        case .notDirectory: reason = "a part of \(path) is no directory"
        case .tooManyLinks:
            let link = firstLink(on: path).map { "\($0) is a symbolic link" } ?? "it leads through a symbolic link"
            let real = try? open(path, .noMagicLinks).currentPath()
            reason = "\(path) is not followed, \(link): " + (real.map { "give \($0)" } ?? "give the path it leads to")
        default: reason = "\(path) can't be opened"
        }
        return AgentError(.mountRefused, reason, cause: ["openat2 \(path): \(error)"])
    }

    private static func firstLink(on path: String) -> String? {
        guard var here = try? Directory(path: "/") else { return nil }
        var walked = ""
        for name in path.split(separator: "/").map(String.init) {
            walked += "/" + name
            if (try? here.status(name))?.kind == .symbolicLink { return walked }
            guard let next = try? here.directory(name, resolve: .noSymlinks) else { return nil }
            here = next
        }
        return nil
    }

    /// Throws `mount.refused` when it lies in one of `places`.
    func refuse(in places: [String]) throws {
        let real = try file.currentPath()
        for place in places where real == place || real.hasPrefix(place + "/") {
            throw AgentError(.mountRefused, "\(path) belongs to the agent itself, in \(place): no container may see it")
        }
    }

    // MARK: Mounting

    /// A detached mount of it, as `spec` says. Throws `mount.refused`.
    ///
    /// - Parameter idMap: Where the container's ids come from; `nil` leaves the owners as they are.
    func mount(_ spec: MountSpec, idMap: Descriptor?, attributes: MountAttributes) throws -> Descriptor {
        let recursive = spec.recursive ?? true
        let propagation = spec.propagation?.mode ?? .private
        if propagation != .private { try checkPropagation(propagation) }
        let mount = try Mount.clone(of: file, recursive: recursive).shared()
        // First of all, so that nothing of the host appears in a mount that is about to be closed off.
        if propagation != .shared { try Mount.setPropagation(of: mount, propagation) }
        if let idMap { try map(mount, through: idMap, recursive: recursive) }
        let readOnly: MountAttributes = spec.readOnly == true ? .readOnly : []
        try Mount.change(mount, set: attributes.union(readOnly), recursive: recursive)
        return mount
    }

    /// Without a peer on the host nothing would ever come through, and nobody would know why.
    private func checkPropagation(_ propagation: MountPropagation) throws {
        guard let below = try HostMount(of: file) else { return }
        guard !below.isShared, propagation == .shared || !below.isSlave else { return }
        throw AgentError(
            .mountRefused,
            "\(path) lies on the mount \(below.point), which shares nothing: "
                + "mount --make-rshared \(below.point), or leave the propagation private")
    }

    private func map(_ mount: Descriptor, through idMap: Descriptor, recursive: Bool) throws {
        do { try Mount.idMap(mount, through: idMap, recursive: recursive) } catch {
            throw AgentError(
                .mountRefused,
                "the owners of \(path) can't be shown as the container's own: "
                    + "\(fileSystems(recursive)) can't map ids on this kernel; mount it with id_map false, or elsewhere",
                cause: ["mount_setattr: \(error)"])
        }
    }

    private func fileSystems(_ recursive: Bool) -> String {
        let own = (try? HostMount(of: file))?.fileSystem ?? "its file system"
        guard recursive, let others = try? HostMount.below(path).map(\.fileSystem), !others.isEmpty else { return own }
        return "one of " + Set(others + [own]).sorted().joined(separator: ", ")
    }
}

extension MountSpec.Propagation {
    /// The words without an r mean the same: mounts that come along are treated as the source is.
    fileprivate var mode: MountPropagation {
        switch self {
        case .private, .rprivate: .private
        case .slave, .rslave: .slave
        case .shared, .rshared: .shared
        }
    }
}
