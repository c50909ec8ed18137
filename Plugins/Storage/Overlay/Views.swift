import Linux
import Model

/// The store as it is, and id-mapped for each block of ids that was lately used.
///
/// File systems that were made from a view outlive it.
struct Views {
    private struct View {
        var directory: Directory
        var slot: String?
        var lastUse: UInt64
    }

    /// The kernel keeps a mount for each; making one anew costs a start about 65 microseconds.
    static let limit = 64

    private let plain: Directory
    /// Where views are attached; `nil` where the kernel takes detached ones.
    private let slots: MountSlots?
    private var views: [IDRange: View] = [:]
    private var uses: UInt64 = 0

    /// `plain` is the store, opened in the mount namespace in which the views will be made.
    init(of plain: Directory, slots: MountSlots?) {
        self.plain = plain
        self.slots = slots
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
        let freed = try dropOldest()
        let mount = try Mount.clone(of: plain.descriptor).shared()
        try Mount.idMap(mount, through: namespace)
        let slot = try slots?.attach(mount, to: freed ?? "\(views.count)")
        views[ids] = View(directory: Directory(mount), slot: slot, lastUse: uses)
        return Directory(mount)
    }

    /// Makes room for one more; answers the slot that was freed.
    private mutating func dropOldest() throws(Errno) -> String? {
        guard views.count >= Self.limit, let oldest = views.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            return nil
        }
        if let slot = oldest.value.slot { try slots?.detach(slot) }
        views[oldest.key] = nil
        return oldest.value.slot
    }
}
