import Drivers
import Linux
import Model

/// Where overlays are made, out of the host's sight.
///
/// Linux 6.13 and later takes directories by descriptor: then any thread can do it, many at once. Before, it takes a
/// thread with a mount namespace and a working directory of its own, which costs two changes of thread.
struct MountRoom: Sendable {
    private enum Way {
        case descriptors
        case numbers(PrivateMountThread, MountSlots)
    }

    private let way: Way
    private let views: Guarded<Views>

    /// - Parameters:
    ///   - path: The store's root.
    ///   - byDescriptor: False takes the way of older kernels on any.
    init(_ path: String, byDescriptor: Bool) throws(Errno) {
        let store = try Directory(path: path)
        guard byDescriptor, OverlayOptions.areDescriptorsTaken(store) else {
            let thread = try PrivateMountThread()
            let (views, slots) = try thread.run { () throws(Errno) in
                let slots = try MountSlots(in: path)
                let views = Guarded(Views(of: try Directory(path: path), slots: slots))
                try Directory(path: "/proc/thread-self/fd").enter()
                return (views, slots)
            }
            (self.way, self.views) = (.numbers(thread, slots), views)
            return
        }
        way = .descriptors
        views = Guarded(Views(of: store, slots: nil))
    }

    /// Makes a detached overlay of `layers`, which are names in the store, the lowest first.
    ///
    /// Blocks.
    ///
    /// - Parameter container: The name of the directory with `upper` and `work`; `nil` makes it read-only.
    func overlay(_ request: RootfsRequest, layers: [String], container: String?) throws -> Descriptor {
        switch way {
        case .descriptors:
            return try options(request, layers, container).mountByDescriptor()
        case .numbers(let thread, let slots):
            // Never resume a task from that thread: a thread that a pool starts meanwhile would be its child, and live
            // in its mount namespace.
            return try thread.run { try options(request, layers, container).mountByNumber(slots) }
        }
    }

    private func options(_ request: RootfsRequest, _ layers: [String], _ container: String?) throws -> OverlayOptions {
        let store = try views.withLock { try $0.view(of: request.ids, through: request.idMap) }
        var options = OverlayOptions(lower: try layers.reversed().map { try Self.open($0, in: store) })
        if let container {
            options.writable = OverlayOptions.Writable(
                upper: try Self.open("rootfs/\(container)/upper", in: store),
                work: try Self.open("rootfs/\(container)/work", in: store), volatile: request.ephemeral)
        }
        return options
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
