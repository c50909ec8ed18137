import CLinux
import Glibc
import JSON
import Model

// One job a process: read the request, put up the walls, read the image, answer one line.

/// The most that the agent ever asks with.
let longestRequest = 1 << 20
let target: Int32 = 4

func readRequest() throws -> ImageJob {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < longestRequest {
        let count = unsafe read(0, &piece, piece.count)
        guard count > 0 else { break }
        bytes += piece.prefix(count)
        if piece.prefix(count).contains(0x0A) { break }
    }
    return try JSONValue(parsing: bytes.prefix { $0 != 0x0A }).decode(ImageJob.self)
}

func unpack(_ job: LayerJob) throws -> UnpackedLayer {
    var descriptor = ImageSource.descriptor
    if let path = job.layer.path {
        guard let file = try ImageSource.open(path) else {
            throw AgentError(.imageInvalid, "the layer \"\(path)\" is missing")
        }
        descriptor = dup2(file, ImageSource.descriptor)
        close(file)
    }
    try Sandbox.enter(root: target, maxFileSize: job.maxBytes)
    let stream = try LayerStream(job, descriptor: descriptor)
    let rules = UnpackRules(maxBytes: job.maxBytes, maxEntries: job.maxEntries, isLayer: true)
    let layer = try Unpacker(root: target, rules).unpack(LayerArchive(stream), as: job.layer.diffID)
    try stream.verify()
    return layer
}

func pack(_ job: PackJob) throws -> PackedArchive {
    try Sandbox.enter(root: target, maxFileSize: .max)
    return try Packer(job, root: target, output: ImageSource.descriptor).pack()
}

func extract(_ job: ExtractJob) throws -> ExtractedArchive {
    try Sandbox.enter(root: target, maxFileSize: job.maxBytes)
    let destination = try Destination(job, below: target)
    let rules = UnpackRules(
        maxBytes: job.maxBytes, maxEntries: .max, isLayer: false, name: destination.name, firstID: job.firstID,
        idCount: job.idCount)
    let stream = OpenStream(ImageSource.descriptor)
    let extracted = try Unpacker(root: destination.directory, rules).extract(LayerArchive(stream))
    // Whoever writes must not find the pipe closed before its end.
    while try unsafe !stream.next().isEmpty {}
    return extracted
}

func perform() -> ImageJobReply {
    do {
        switch try readRequest() {
        case .inspect(let platform):
            var inspection = Inspection(source: try ImageSource(), wanted: platform)
            return .images(try inspection.images())
        case .unpack(let job):
            return .unpacked(try unpack(job))
        case .pack(let job):
            return .packed(try pack(job))
        case .extract(let job):
            return .extracted(try extract(job))
        }
    } catch let error as AgentError {
        return .failed(error)
    } catch {
        return .failed(AgentError(.imageInvalid, "the image can't be understood", cause: ["\(error)"]))
    }
}

func answer(_ reply: ImageJobReply) throws {
    let line = Array((String(json: try JSONValue(encoding: reply)) + "\n").utf8)
    var done = 0
    while done < line.count {
        let count = unsafe line[done...].withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
        if count < 0, errno != EINTR { return }
        done += max(0, count)
    }
}

try answer(perform())
