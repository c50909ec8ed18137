import JSON
import Linux
import Model

/// An OCI layout below a bench's `oci`, written document by document. Its images share one layer.
struct Layout {
    private static let manifest = "application/vnd.oci.image.manifest.v1+json"
    private static let index = "application/vnd.oci.image.index.v1+json"

    let bench: Workbench
    private let layer: JSONValue
    private let diffID: String

    init(_ bench: Workbench) throws {
        self.bench = bench
        _ = try bench.directory.makeDirectories("oci/blobs/sha256")
        var tar = Tar()
        tar.add("file", .file, [1])
        layer = try Self.put(tar.finished, "application/vnd.oci.image.layer.v1.tar", bench)
        diffID = try bench.sha256("blob")
    }

    /// A manifest's descriptor: of an image whose command is its platform. `told` is whether the descriptor says so too.
    func image(_ platform: Platform, told: Bool = true) throws -> JSONValue {
        var words = JSONObject()
        words["os"] = .string(platform.os)
        words["architecture"] = .string(platform.architecture)
        if let variant = platform.variant { words["variant"] = .string(variant) }
        var config = words
        config["rootfs"] = ["type": "layers", "diff_ids": [.string("sha256:" + diffID)]]
        config["config"] = ["Cmd": [.string("\(platform)")]]
        return try manifest(
            .object(config), layers: [layer], platform: told ? .object(words) : nil, annotations: [:])
    }

    /// What builders put beside an image: a manifest of no platform, about another.
    func attestation() throws -> JSONValue {
        let words: JSONValue = ["os": "unknown", "architecture": "unknown"]
        let config: JSONValue = [
            "os": "unknown", "architecture": "unknown", "config": [:], "rootfs": ["type": "layers", "diff_ids": []],
        ]
        let statement = try put(["_type": "https://in-toto.io/Statement/v0.1"], "application/vnd.in-toto+json")
        return try manifest(
            config, layers: [statement], platform: words,
            annotations: ["vnd.docker.reference.type": "attestation-manifest"])
    }

    /// An index's descriptor.
    func index(_ members: [JSONValue], name: String? = nil) throws -> JSONValue {
        let document: JSONValue = ["schemaVersion": 2, "mediaType": .string(Self.index), "manifests": .array(members)]
        let descriptor = try put(document, Self.index)
        guard let name, case .object(var object) = descriptor else { return descriptor }
        object["annotations"] = ["org.opencontainers.image.ref.name": .string(name)]
        return .object(object)
    }

    /// Writes `index.json` and what makes the directory a layout.
    func finish(_ members: [JSONValue]) throws {
        let document: JSONValue = ["schemaVersion": 2, "manifests": .array(members)]
        try bench.directory.replaceFile("oci/index.json", Array(document.description.utf8))
        try bench.directory.replaceFile("oci/oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    }

    private func manifest(
        _ config: JSONValue, layers: [JSONValue], platform: JSONValue?, annotations: JSONValue
    ) throws -> JSONValue {
        let document: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(Self.manifest),
            "config": try put(config, "application/vnd.oci.image.config.v1+json"), "layers": .array(layers),
        ]
        guard case .object(var descriptor) = try put(document, Self.manifest) else { return .null }
        descriptor["platform"] = platform
        descriptor["annotations"] = annotations
        return .object(descriptor)
    }

    private func put(_ document: JSONValue, _ type: String) throws -> JSONValue {
        try Self.put(Array(document.description.utf8), type, bench)
    }

    /// Writes a blob and answers its descriptor.
    private static func put(_ bytes: [UInt8], _ type: String, _ bench: Workbench) throws -> JSONValue {
        try bench.directory.replaceFile("blob", bytes)
        let digest = try bench.sha256("blob")
        try bench.directory.replaceFile("oci/blobs/sha256/\(digest)", bytes)
        return [
            "mediaType": .string(type), "digest": .string("sha256:" + digest), "size": .int(Int64(bytes.count)),
        ]
    }
}
