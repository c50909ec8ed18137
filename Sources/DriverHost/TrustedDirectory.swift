internal import CNettle
internal import Glibc
internal import Linux
internal import Model

/// A directory of drivers that nobody but root (or the agent's own user) can have written to.
struct TrustedDirectory: Sendable {
    let path: String
    private let directory: Directory

    /// Throws `driver.refused` for a directory that isn't there, or that somebody else may write to.
    init(_ path: String) throws(AgentError) {
        self.path = path
        do { directory = try Directory(path: path) } catch {
            throw refused("the directory can't be opened").caused(by: error)
        }
        try Self.check(directory.descriptor, .directory, "the directory")
    }

    /// The names of drivers in it, without their endings, in order.
    func stems() throws(AgentError) -> [String] {
        do {
            let ending = ManifestFile.suffix
            return try directory.names().filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
                .sorted()
        } catch {
            throw refused("the directory can't be read").caused(by: error)
        }
    }

    /// Opens a regular file in it, never through a link out of it; throws `driver.refused`.
    func open(_ name: String) throws(AgentError) -> Descriptor {
        let file: Descriptor
        do { file = try directory.open(name, [.nonblocking, .noTerminal], resolve: .beneath).shared() } catch {
            throw refused("\(name) can't be opened").caused(by: error)
        }
        try Self.check(file, .regular, name)
        return file
    }

    private static func check(
        _ file: Descriptor, _ kind: FileStatus.Kind, _ name: String
    ) throws(AgentError) {
        let status: FileStatus
        do { status = try file.status() } catch { throw refused("\(name) can't be looked at").caused(by: error) }
        let mode = String(status.mode, radix: 8)
        let problems: [(Bool, String)] = [
            (status.kind != kind, "\(name) is no \(kind == .regular ? "regular file" : "directory")"),
            (status.uid != 0 && status.uid != geteuid(), "\(name) belongs to user \(status.uid); chown it to root"),
            (
                status.mode & 0o022 != 0,
                "\(name) has mode \(mode): others than its owner may write to it; use chmod go-w"
            ),
        ]
        for (wrong, message) in problems where wrong { throw refused(message) }
    }
}

extension FileIdentity {
    /// Reads the whole file. Blocks.
    init(_ file: Descriptor) throws(Errno) {
        let status = try file.status()
        var context = sha256_ctx()
        unsafe nettle_sha256_init(&context)
        while true {
            let piece = try file.read(upTo: 256 << 10)
            if piece.isEmpty { break }
            unsafe nettle_sha256_update(&context, piece.count, piece)
        }
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
        unsafe nettle_sha256_digest(&context, digest.count, &digest)
        self.init(
            device: status.device, inode: status.inode, modified: status.modified, size: status.size,
            sha256: digest.map(hexadecimal).joined())
    }
}

private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
