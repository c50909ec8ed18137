internal import Drivers
internal import Linux
internal import Model

/// A container's credentials on file systems in memory that nobody else sees: gone with the last process that does.
///
/// There are two, since a mount that is attached nowhere can't be copied before Linux 6.15.
struct CredentialFiles: Sendable {
    /// CREDENTIALS_DIRECTORY, as programs for systemd look for it.
    static let place = "/run/credentials/davit"
    /// Where programs for docker look.
    static let dockersPlace = "/run/secrets"

    private let copies: [Directory]
    private let names: [String]

    init(_ contents: [(name: String, bytes: [UInt8])]) throws {
        names = contents.map(\.name)
        copies = try [0, 1].map { _ in
            let directory = Directory(try Self.memory(for: contents).shared())
            for (name, bytes) in contents {
                try directory.open(name, [.writeOnly, .create, .exclusive], mode: 0o400).write(bytes)
            }
            return directory
        }
    }

    private static func memory(for contents: [(name: String, bytes: [UInt8])]) throws(Errno) -> FileDescriptor {
        let context = try FileSystemContext("tmpfs")
        let pages = contents.reduce(1) { $0 + ($1.bytes.count + 65535) / 65536 * 16 }
        try context.set("size", String(pages * 4096))
        try context.set("nr_inodes", String(contents.count + 2))
        try context.set("mode", "0500")
        // Linux 6.4; before it they may come to lie on a disk that the host swaps to.
        try? context.set(flag: "noswap")
        return try context.mount([.noSetUID, .noDevices, .noExecute])
    }

    var mounts: [PlannedMount] {
        zip(copies, [Self.place, Self.dockersPlace]).map { copy, target in
            PlannedMount(.mount(copy.descriptor), target: target, readOnly: true, recursive: false)
        }
    }

    /// Makes them the program's own, and nobody's to change.
    func give(to user: (uid: UInt32, gid: UInt32), of ids: IDRange?) throws {
        let base = ids?.base ?? 0
        for copy in copies {
            for name in names { try copy.changeOwner(name, uid: base &+ user.uid, gid: base &+ user.gid) }
            try copy.descriptor.changeOwner(uid: base &+ user.uid, gid: base &+ user.gid)
            try Mount.change(copy.descriptor, set: .readOnly)
        }
    }
}
