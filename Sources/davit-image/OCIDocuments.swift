import Model

/// The documents of the OCI image specification (and docker's older ones), as far as they matter here.
enum OCI {
    struct Descriptor: Decodable {
        var mediaType: String?
        var digest: String
        var size: Int64
        var platform: PlatformWords?
        var annotations: [String: String]?
    }

    struct PlatformWords: Decodable {
        var os: String
        var architecture: String
        var variant: String?

        var platform: Platform { Platform(os: os, architecture: architecture, variant: variant) }
    }

    struct Index: Decodable {
        var manifests: [Descriptor]
    }

    struct Manifest: Decodable {
        var config: Descriptor
        var layers: [Descriptor]
    }

    struct Config: Decodable {
        struct RootFS: Decodable {
            var diffIDs: [String]

            enum CodingKeys: String, CodingKey { case diffIDs = "diff_ids" }
        }

        var os: String
        var architecture: String
        var variant: String?
        var rootfs: RootFS
        var config: ImageConfig?
    }

    /// One element of a docker archive's `manifest.json`.
    struct DockerEntry: Decodable {
        var config: String
        var names: [String]?
        var layers: [String]

        enum CodingKeys: String, CodingKey {
            case config = "Config"
            case names = "RepoTags"
            case layers = "Layers"
        }
    }

    static let indexTypes: Set = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
    static let manifestTypes: Set = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]
    static let configTypes: Set = [
        "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
    ]
}

extension OCI.Descriptor {
    /// Where the blob is in a layout. Throws `image.invalid` for anything but sha256.
    func path() throws -> String {
        let parts = digest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "sha256", (try? LayerID(String(parts[1]))) != nil else {
            throw AgentError(.imageInvalid, "\"\(digest.prefix(100))\" is not a sha256 digest")
        }
        return "blobs/sha256/\(parts[1])"
    }

    /// What the layout calls it.
    var names: [String] {
        let keys = ["io.containerd.image.name", "org.opencontainers.image.ref.name"]
        return keys.compactMap { annotations?[$0] }.prefix(1).map { $0 }
    }
}
