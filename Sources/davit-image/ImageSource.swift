import CArchive
import CLinux
import Glibc
import JSON
import Model

/// Where an image's files are: a directory, or an uncompressed tar archive that is read in place.
final class ImageSource {
    /// A file: below the directory, or somewhere in the archive.
    struct File {
        var path: String?
        var offset: Int64
        var size: Int64
    }

    static let descriptor: Int32 = 3
    /// No document of an image is larger.
    private static let largestDocument: Int64 = 4 << 20

    /// `nil` for a directory.
    private let index: ArchiveIndex?

    /// Looks at the source and closes the sandbox before reading anything of it.
    init() throws {
        var status = stat()
        guard unsafe fstat(Self.descriptor, &status) == 0 else { throw failure("fstat", "the source") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            try Sandbox.enter(root: Self.descriptor)
            index = nil
        case S_IFREG:
            try Sandbox.enter(root: nil)
            index = try ArchiveIndex(descriptor: Self.descriptor)
        default:
            throw AgentError(.imageInvalid, "an image is loaded from a directory or a file; this is neither")
        }
    }

    func file(_ path: String) throws -> File? {
        if let index { return index.file(path) }
        let descriptor = try Self.open(path)
        guard let descriptor else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("fstat", path) }
        return File(path: path, offset: 0, size: Int64(status.st_size))
    }

    /// Reads and parses a document; checks it against its descriptor, if there is one. `nil` if there is no such file.
    func document<Document: Decodable>(
        _ type: Document.Type, at path: String, is expected: OCI.Descriptor? = nil
    ) throws -> (document: Document, digest: String)? {
        guard let file = try file(path) else { return nil }
        guard file.size <= Self.largestDocument else {
            throw AgentError(.imageTooLarge, "\"\(path)\" has \(file.size) bytes; 4 MiB are the most for a document")
        }
        try expected?.check(size: file.size)
        let (bytes, digest) = try read(file)
        if let expected, expected.digest != digest {
            throw AgentError(.imageDigestMismatch, "\"\(path)\" has the digest \(digest), not \(expected.digest)")
        }
        do {
            let value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: Int(Self.largestDocument)))
            return (try value.decode(type, unknownKeys: .ignore), digest)
        } catch {
            throw AgentError(.imageInvalid, "\"\(path)\" can't be understood", cause: ["\(error)"])
        }
    }

    private func read(_ file: File) throws -> (bytes: [UInt8], digest: String) {
        let descriptor = try file.path.flatMap { try Self.open($0) } ?? Self.descriptor
        defer { if descriptor != Self.descriptor { close(descriptor) } }
        let blob = try Blob(descriptor: descriptor, offset: file.offset, size: file.size)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(file.size))
        while blob.remaining > 0 { try unsafe bytes.append(contentsOf: blob.next()) }
        return (bytes, "sha256:" + blob.digest.hexadecimal())
    }

    /// Opens a regular file below the source directory; `nil` if there is none. Never waits on a FIFO.
    static func open(_ path: String) throws -> Int32? {
        let flags = UInt64(O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        let descriptor = unsafe davit_openat2(Self.descriptor, path, flags, 0, Resolve.inRoot)
        if descriptor == -ENOENT { return nil }
        guard descriptor >= 0 else { throw failure("openat2", path, descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw AgentError(.imageInvalid, "\"\(path)\" in the image is no regular file")
        }
        return descriptor
    }
}

extension OCI.Descriptor {
    func check(size: Int64) throws {
        guard self.size == size else {
            throw AgentError(
                .imageDigestMismatch, "the blob \(digest) has \(size) bytes, not \(self.size) as the image says")
        }
    }
}
