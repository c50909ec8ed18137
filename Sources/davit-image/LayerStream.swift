import Glibc
import Model

/// How the bytes of a layer are stored.
enum LayerCoding {
    case plain, gzip, zstd

    /// Throws `image.unsupported_media_type`.
    init(mediaType: String) throws {
        switch mediaType {
        case "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar":
            self = .plain
        case "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
            self = .gzip
        case "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar.zstd":
            self = .zstd
        default:
            throw AgentError(
                .imageUnsupportedMediaType,
                "layers of type \"\(mediaType)\" can't be unpacked; tar, tar+gzip and tar+zstd can")
        }
    }

    /// What the first bytes there look like.
    init(lookingAt descriptor: Int32, _ offset: Int64) {
        var magic = [UInt8](repeating: 0, count: 4)
        _ = unsafe pread(descriptor, &magic, magic.count, Int(offset))
        if magic.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if magic == [0x28, 0xB5, 0x2F, 0xFD] {
            self = .zstd
        } else {
            self = .plain
        }
    }
}

/// The uncompressed archive of a layer; counts and hashes it on its way.
final class LayerStream: ByteStream {
    private let blob: Blob
    private let source: any ByteStream
    private let layer: FoundLayer
    private let isPlain: Bool
    private let limit: Int64
    private var digest = Sha256()
    private var count: Int64 = 0

    init(_ job: LayerJob, descriptor: Int32) throws {
        layer = job.layer
        limit = job.maxBytes
        blob = try Blob(descriptor: descriptor, offset: layer.offset, size: layer.size)
        let coding =
            try layer.mediaType.map { try LayerCoding(mediaType: $0) }
            ?? LayerCoding(lookingAt: descriptor, layer.offset)
        switch coding {
        case .plain: source = blob
        case .gzip: source = try Gzip(blob)
        case .zstd: source = try Zstd(blob)
        }
        isPlain = coding == .plain
    }

    func next() throws -> UnsafeRawBufferPointer {
        let piece = try unsafe source.next()
        count += Int64(piece.count)
        guard count <= limit else {
            throw AgentError(.imageTooLarge, "the layer is more than \(limit) bytes when uncompressed")
        }
        if !isPlain { unsafe digest.update(piece) }
        return unsafe piece
    }

    /// Reads to the end and throws `image.digest_mismatch` unless both digests are those that were promised.
    func verify() throws {
        while try unsafe !next().isEmpty {}
        let stored = blob.digest.hexadecimal()
        if let wanted = layer.digest, wanted != "sha256:" + stored {
            throw AgentError(.imageDigestMismatch, "the layer's blob is sha256:\(stored), not \(wanted)")
        }
        let archive = isPlain ? stored : digest.hexadecimal()
        guard archive == layer.diffID.description else {
            throw AgentError(
                .imageDigestMismatch,
                "the uncompressed layer is sha256:\(archive), not sha256:\(layer.diffID), as the image says")
        }
    }
}
