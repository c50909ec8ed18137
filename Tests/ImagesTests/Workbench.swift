import Drivers
import Images
import Linux
import Model
import TestSupport

/// A directory of its own for a test, and the programs it needs.
final class Workbench: Sendable {
    let name = "davit-test-images-\(UInt64.random(in: 0 ... .max))"
    let directory: Directory
    let worker: ImageProcess

    init() throws {
        let temporary = try Directory(path: "/tmp")
        try temporary.makeDirectory(name, mode: 0o700)
        directory = try temporary.directory(name)
        let built = CommandLine.arguments.compactMap { argument in
            argument.contains(".xctest") ? argument.split(separator: "/").prefix { !$0.hasSuffix(".xctest") } : nil
        }
        let folder = built.first.map { "/" + $0.joined(separator: "/") } ?? "/usr/libexec/davit"
        worker = ImageProcess(executable: try Directory(path: folder).open("davit-image", .path).shared())
    }

    deinit { try? Directory(path: "/tmp").removeTree(name) }

    /// Runs a shell script in the directory; answers what it prints.
    @discardableResult
    func shell(_ script: String) throws -> String {
        let (child, output) = try start("cd /tmp/\(name) && " + script)
        let text = try output.readAll(limit: 1 << 20)
        guard try child.end() == .exited(0) else { throw AgentError(.hostFailed, "failed: \(script)") }
        return String(decoding: text, as: UTF8.self)
    }

    /// The child and what it prints; the child's end of the pipe is closed here when this returns.
    private func start(_ script: String) throws -> (Pidfd, Descriptor) {
        let output = try Pipe().ends()
        let bash = try Directory(path: "/bin").open("bash", .readOnly)
        let child = try Process.spawn(
            executable: bash.rawValue, arguments: ["bash", "-c", script],
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], descriptors: [],
            standard: [-1, output.writer.rawValue, 2]
        ).shared()
        return (child, output.reader)
    }

    func sha256(_ file: String) throws -> String { String(try shell("sha256sum \(file)").prefix(64)) }

    /// Unpacks an archive, kept as `pack` says (`cat`, `gzip -c`, `zstd -c`), into `out` or another directory.
    func unpack(
        _ archive: [UInt8], pack: String = "cat", type: String = "tar", maxBytes: Int64 = 1 << 30,
        maxEntries: Int64 = 100_000, into target: Directory? = nil, change: (inout FoundLayer) -> Void = { _ in }
    ) async throws -> UnpackedLayer {
        try directory.replaceFile("layer", archive)
        try shell("{ \(pack); } < layer > blob")
        if target == nil { try shell("rm -rf out; mkdir out") }
        let size = try directory.status("blob").size
        var layer = FoundLayer(
            size: size, mediaType: "application/vnd.oci.image.layer.v1.\(type)",
            digest: "sha256:" + (try sha256("blob")),
            diffID: try LayerID(try sha256("layer")))
        change(&layer)
        let job = LayerJob(layer: layer, maxBytes: maxBytes, maxEntries: maxEntries)
        let reply = try await worker.perform(
            .unpack(job), source: directory.open("blob").shared(),
            target: (target ?? directory.directory("out")).descriptor)
        guard case .unpacked(let unpacked) = reply else { throw AgentError(.hostFailed, "wrong answer") }
        return unpacked
    }
}

/// Layers as plain directories.
actor FolderStorage: StorageDriver {
    private let directory: Directory
    private(set) var begun: [LayerID] = []

    init(_ directory: Directory) { self.directory = directory }

    func beginLayer(_ id: LayerID) throws -> LayerDraft {
        begun.append(id)
        try? directory.removeTree("draft-\(id)")
        try directory.makeDirectory("draft-\(id)")
        return LayerDraft(directory: try directory.directory("draft-\(id)").descriptor)
    }

    func commitLayer(_ id: LayerID) throws { try directory.rename("draft-\(id)", to: "\(id)") }

    func removeLayer(_ id: LayerID) throws {
        try? directory.removeTree("draft-\(id)")
        try? directory.removeTree("\(id)")
    }

    func layers() throws -> [LayerID] { try directory.names().compactMap { try? LayerID($0) } }
    func prepareRootfs(_ request: RootfsRequest) throws -> Rootfs { throw AgentError(.hostFailed, "not here") }
    func releaseRootfs(_ container: ContainerID) {}
    func removeRootfs(_ container: ContainerID) {}
    func changes(of request: RootfsRequest) -> [RootfsChange] { [] }
    func writtenLayer(of container: ContainerID) throws -> LayerDraft { throw AgentError(.hostFailed, "not here") }
    func usage() -> StorageUsage { StorageUsage(layerBytes: 0, layers: 0, rootfsBytes: 0, rootfses: 0) }
}
