import Linux
import Model

/// The store as the mount thread sees it: as it is, and id-mapped for each block of ids that was lately used.
///
/// A view is attached in the mount thread's own namespace, because Linux 6.1 takes no detached one as a layer. File
/// systems that were made from a view outlive it. For use on the mount thread only.
struct Views {
    private struct View {
        var directory: Directory
        var slot: String
        var lastUse: UInt64
    }

    /// The kernel keeps a mount for each; making one anew costs a start about 65 microseconds.
    static let limit = 64

    /// Where views and, for an instant, large overlays are attached: on a tmpfs that only the mount thread sees.
    private let slots: Directory
    private let slotsPath: String
    private let plain: Directory
    private var views: [IDRange: View] = [:]
    private var uses: UInt64 = 0

    /// `path` is the store's; an empty directory `views` in it serves as the mount point.
    init(of path: String) throws(Errno) {
        plain = try Directory(path: path)
        slotsPath = path + "/views"
        let mountPoint = try plain.makeDirectories("views", mode: 0o700)
        let tmpfs = try FileSystemContext("tmpfs").mount([.noSetUID, .noDevices, .noExecute]).shared()
        try Mount.attach(tmpfs, on: mountPoint.descriptor)
        slots = Directory(tmpfs)
    }

    /// The store with its owners as a container of `ids` shall see them.
    ///
    /// - Parameter namespace: Where the map comes from, when there is no view of these ids yet.
    mutating func view(of ids: IDRange?, through namespace: Descriptor?) throws(Errno) -> Directory {
        guard let ids, let namespace else { return plain }
        uses += 1
        if let view = views[ids] {
            views[ids]?.lastUse = uses
            return view.directory
        }
        let slot = try freeSlot()
        let mount = try Mount.clone(of: plain.descriptor).shared()
        try Mount.idMap(mount, through: namespace)
        try Mount.attach(mount, on: slots.directory(slot).descriptor)
        views[ids] = View(directory: Directory(mount), slot: slot, lastUse: uses)
        return Directory(mount)
    }

    /// Makes a file system of more options than `fsconfig` takes, as a detached mount.
    func mount(_ type: String, options: String) throws(Errno) -> FileDescriptor {
        let path = slotsPath + "/large"
        do { try slots.makeDirectory("large") } catch { guard error == .exists else { throw error } }
        try Mount.make(type, at: path, options: options)
        defer { try? Mount.detach(path) }
        return try Mount.clone(path)
    }

    /// An empty mount point: a new one, or that of the view that was not used for longest.
    private mutating func freeSlot() throws(Errno) -> String {
        guard views.count >= Self.limit, let oldest = views.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            let slot = "\(views.count)"
            do { try slots.makeDirectory(slot) } catch { guard error == .exists else { throw error } }
            return slot
        }
        try Mount.detach("\(slotsPath)/\(oldest.value.slot)")
        views[oldest.key] = nil
        return oldest.value.slot
    }
}
