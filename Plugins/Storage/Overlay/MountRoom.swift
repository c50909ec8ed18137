import Drivers
import Linux
import Model

/// The thread on which file systems are made, out of the host's sight.
final class MountRoom: Sendable {
    private let thread: PrivateMountThread
    // Touched on the thread only, so the lock is always free.
    private let views: Guarded<Views>

    /// `path` is the store's root.
    init(_ path: String) throws(Errno) {
        let thread = try PrivateMountThread()
        views = try thread.run { () throws(Errno) in
            let views = try Views(of: path)
            // Makes a descriptor's number a path, see `OverlayOptions`.
            try Directory(path: "/proc/thread-self/fd").enter()
            return Guarded(views)
        }
        self.thread = thread
    }

    /// Makes a detached overlay of `layers`, which are names in the store, the lowest first.
    ///
    /// - Parameter container: The name of the directory with `upper` and `work`; `nil` makes it read-only.
    func overlay(_ request: RootfsRequest, layers: [String], container: String?) async throws -> Descriptor {
        let views = views
        return try await thread.run(suspending: { () throws(Errno) in
            Result {
                try views.withLock { views in
                    let store = try views.view(of: request.ids, through: request.idMap)
                    return try Self.overlay(request, store, layers, container, views)
                }
            }
        }).get()
    }

    private static func overlay(
        _ request: RootfsRequest, _ store: Directory, _ layers: [String], _ container: String?, _ views: Views
    ) throws -> Descriptor {
        let lower = try layers.reversed().map { try open($0, in: store) }
        let writable = try container.map { name in
            (
                upper: try open("rootfs/\(name)/upper", in: store),
                work: try open("rootfs/\(name)/work", in: store)
            )
        }
        let options = OverlayOptions(
            lower: lower.map(\.rawValue),
            writable: writable.map {
                .init(upper: $0.upper.rawValue, work: $0.work.rawValue, volatile: request.ephemeral)
            })
        return try withExtendedLifetime((lower, writable)) { try mount(options, views) }
    }

    /// Devices in an image must not work, whoever owns the container's ids.
    private static func mount(_ options: OverlayOptions, _ views: Views) throws(Errno) -> Descriptor {
        guard options.fitsFileSystemConfiguration else {
            let mount = try views.mount("overlay", options: options.text).shared()
            if options.writable == nil { try Mount.change(mount, set: .readOnly) }
            return mount
        }
        let context = try FileSystemContext("overlay")
        for setting in options.settings {
            if let value = setting.value {
                try context.set(setting.key, value)
            } else {
                try context.set(flag: setting.key)
            }
        }
        return try context.mount(options.writable == nil ? [.noDevices, .readOnly] : .noDevices).shared()
    }

    private static func open(_ path: String, in store: Directory) throws(AgentError) -> Descriptor {
        do {
            return try store.open(path, [.path, .directory, .noFollow]).shared()
        } catch {
            guard error == .noSuchFile else {
                throw AgentError(.hostFailed, "could not open \(path)", cause: ["\(error)"])
            }
            throw AgentError(.imageInvalid, "\(path) is not in the storage: load the image again")
        }
    }
}
