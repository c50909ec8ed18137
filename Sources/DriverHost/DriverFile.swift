internal import Drivers
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// A driver as it lies in a directory, checked as far as it can be without loading it.
struct DriverFile: Sendable {
    /// Of the shared object.
    let path: String
    let manifest: DriverManifest
    let object: Descriptor
    let identity: FileIdentity

    var key: String { "\(manifest.kind.rawValue)/\(manifest.name)" }
}

/// What must be the same for a driver to count as unchanged.
struct FileIdentity: Sendable, Hashable, Codable {
    var device: UInt64
    var inode: UInt64
    var modified: Int64
    var size: Int64
    var sha256: String
}

/// The manifest file of a driver that may yet be refused.
struct ManifestFile {
    static let suffix = ".driver.json"

    /// Without `.so` and `.driver.json`.
    let stem: String
    let directory: TrustedDirectory

    var path: String { "\(directory.path)/\(stem).so" }

    /// Reads and checks the manifest; throws `driver.refused`.
    func read() throws(AgentError) -> DriverManifest {
        let file = try directory.open(stem + Self.suffix)
        let bytes: [UInt8]
        do { bytes = try file.readAll(limit: 1 << 20) } catch {
            throw refused("its manifest can't be read").caused(by: error)
        }
        do {
            return try JSONValue(parsing: bytes).decode(DriverManifest.self, unknownKeys: .refuse)
        } catch {
            throw refused("its manifest is not valid").caused(by: error)
        }
    }

    /// Checks the manifest against this agent, this host and the shared object; throws `driver.refused`.
    func check(_ manifest: DriverManifest) throws(AgentError) -> DriverFile {
        try checkWords(manifest)
        let object = try directory.open(stem + ".so")
        let identity: FileIdentity
        do { identity = try FileIdentity(object) } catch { throw refused("it can't be read").caused(by: error) }
        guard let promised = manifest.sha256 else {
            throw refused("its manifest has no sha256; write it with davit-driver-host --manifest")
        }
        guard promised == identity.sha256 else {
            throw refused("its sha256 is \(identity.sha256), its manifest says \(promised)")
        }
        return DriverFile(path: path, manifest: manifest, object: object, identity: identity)
    }

    private func checkWords(_ manifest: DriverManifest) throws(AgentError) {
        let missing = Self.requiredMethods(manifest.kind).filter { !manifest.methods.contains($0) }
        let lacking = manifest.needs.capabilities.filter { !Capabilities.effective.contains($0) }
        let abi = manifest.abi
        let problems: [(Bool, String)] = [
            (manifest.name.isEmpty, "its manifest's name is empty"),
            (
                DriverHost.abi < abi.min || DriverHost.abi > abi.max,
                "it works with ABI \(abi.min) to \(abi.max); this agent speaks \(DriverHost.abi)"
            ),
            (!missing.isEmpty, "its manifest lacks the methods \(missing) of a \(manifest.kind.rawValue) driver"),
            (!lacking.isEmpty, "it needs the capabilities \(lacking), which this agent doesn't have"),
        ]
        for (wrong, message) in problems where wrong { throw refused(message) }
    }

    static func requiredMethods(_ kind: DriverKind) -> [String] {
        let common = ["describe", "status"]
        switch kind {
        case .storage:
            return common + ["layer.begin", "layer.commit", "layer.remove", "layer.list"]
                + ["rootfs.prepare", "rootfs.release", "usage"]
        case .network: return common + ["attach", "detach"]
        case .isolation: return common + ["check", "plan"]
        }
    }
}
