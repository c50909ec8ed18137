import Drivers
import Linux

/// Finds how what a container wrote differs from its image.
///
/// Each directory of the upper tree is looked at beside the same path of the image; what only the upper has was added,
/// and where it has a mark of overlayfs for something gone, that was deleted. Links are never followed.
struct Changes {
    /// Of the upper directory, and of a read-only view of the image's layers.
    private let upper: Directory
    private let image: Directory

    /// Marks in the upper tree.
    private static let opaque = "trusted.overlay.opaque"

    init(upper: Directory, image: Directory) {
        self.upper = upper
        self.image = image
    }

    /// In the order of their paths. Throws `tooManyFiles` beyond a million.
    func all() throws(Errno) -> [RootfsChange] {
        var found: [RootfsChange] = []
        var pending = [""]
        while let path = pending.popLast() {
            for change in try changes(in: path, &pending) { found.append(change) }
            if found.count > 1_000_000 { throw Errno.tooManyFiles }
        }
        return found.sorted { $0.path < $1.path }
    }

    private func changes(in path: String, _ pending: inout [String]) throws(Errno) -> [RootfsChange] {
        let here = try Self.open(path, in: upper)
        guard let here else { return [] }
        let there = try Self.open(path, in: image)
        var found: [RootfsChange] = []
        let names = try here.names()
        for name in names {
            guard let status = try here.statusIfPresent(name) else { continue }
            let old = try there?.statusIfPresent(name)
            let whole = "\(path)/\(name)"
            if status.kind == .characterDevice, status.node == DeviceNumber(major: 0, minor: 0) {
                if old != nil { found.append(RootfsChange(path: whole, kind: .deleted)) }
                continue
            }
            found.append(RootfsChange(path: whole, kind: old == nil ? .added : .changed))
            if status.kind == .directory { pending.append(whole) }
        }
        if let there, try here.descriptor.hasAttribute(Self.opaque) {
            let kept = Set(names)
            for name in try there.names() where !kept.contains(name) {
                found.append(RootfsChange(path: "\(path)/\(name)", kind: .deleted))
            }
        }
        return found
    }

    /// `nil` when it is no directory, or gone.
    private static func open(_ path: String, in root: Directory) throws(Errno) -> Directory? {
        do {
            return try root.directory(path.isEmpty ? "." : String(path.dropFirst()), resolve: [.beneath, .noSymlinks])
        } catch {
            guard [.noSuchFile, .notDirectory, .tooManyLinks].contains(error) else { throw error }
            return nil
        }
    }
}
