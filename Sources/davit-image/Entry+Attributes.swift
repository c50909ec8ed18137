import CArchive
import CLinux
import Glibc
import Model

extension Entry.Attribute {
    enum Use {
        case set
        /// When everything else is made.
        case setLast
        case leaveOut
    }

    private static let defaultACL = "system.posix_acl_default"
    private static let kept = ["user.", "security.capability", "system.posix_acl_access"]
    private static let refused = ["trusted.overlay.", "user.overlay."]

    /// Throws `image.layer_refused` for what would tell overlayfs to look elsewhere.
    func use(_ entry: Entry) throws -> Use {
        let text = shown(name)
        if Self.refused.contains(where: text.hasPrefix) {
            throw AgentError(
                .imageLayerRefused, "\"\(entry.path)\" in the layer sets overlayfs' own attribute \"\(text)\"")
        }
        if text == Self.defaultACL {
            guard case .directory = entry.kind else {
                throw AgentError(
                    .imageLayerRefused, "\"\(entry.path)\" in the layer has a default ACL and is no directory")
            }
            return .setLast
        }
        return Self.kept.contains { $0.hasSuffix(".") ? text.hasPrefix($0) : text == $0 } ? .set : .leaveOut
    }

    func set(on descriptor: Int32, _ path: EntryPath) throws {
        guard unsafe fsetxattr(descriptor, name, value, value.count, 0) != 0 else { return }
        let number = errno
        guard [ENOSPC, E2BIG, ERANGE].contains(number), number != ENOSPC || !isFull(descriptor) else {
            throw failure("fsetxattr", "\(path): \(shown(name))", number)
        }
        throw AgentError(
            .imageLayerRefused,
            "\"\(path)\" in the layer has the extended attribute \"\(shown(name))\" of \(value.count) bytes, more than "
                + "the file system of the storage can hold: use an image without it, or another file system",
            cause: ["fsetxattr: " + (unsafe String(cString: davit_error_name(number)))])
    }

    /// ext4 and btrfs say ENOSPC for an attribute that is too large for them, as they do when the disk is full.
    private func isFull(_ descriptor: Int32) -> Bool {
        var system = statvfs()
        guard unsafe fstatvfs(descriptor, &system) == 0 else { return true }
        return system.f_bavail * system.f_frsize < UInt(value.count) + (256 << 10)
    }
}
