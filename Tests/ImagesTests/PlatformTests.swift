import Images
import JSON
import Linux
import Model
import Testing

/// How an image for several platforms may lie in a layout.
enum Shape: String, CaseIterable, Sendable {
    /// `index.json` lists the platforms itself.
    case flat
    /// An index of its own, as builders write it.
    case indexed
    /// An index in an index.
    case nested
    /// Descriptors that don't tell their platform; only the configurations do.
    case untold

    func write(_ platforms: [Platform], in bench: Workbench) throws {
        let layout = try Layout(bench)
        let images = try platforms.map { try layout.image($0, told: self != .untold) }
        // The attestation first: a reader that takes what comes would take it.
        let members = try [layout.attestation()] + images
        let name = "example.org/many:1"
        switch self {
        case .flat: try layout.finish(members)
        case .indexed, .untold: try layout.finish([layout.index(members, name: name)])
        case .nested: try layout.finish([layout.index([layout.attestation(), layout.index(members)], name: name)])
        }
    }
}

@Suite struct PlatformTests {
    private static let there = [
        Platform(os: "linux", architecture: "arm64", variant: "v8"), Platform(os: "linux", architecture: "amd64"),
        Platform(os: "linux", architecture: "arm", variant: "v6"),
        Platform(os: "linux", architecture: "arm", variant: "v7"),
    ]

    private func load(_ shape: Shape, _ platform: Platform?, tarred: Bool = false) async throws -> [Image] {
        let bench = try Workbench()
        try shape.write(Self.there, in: bench)
        if tarred { try bench.shell("tar -C oci -cf oci.tar .") }
        let storage = FolderStorage(try bench.directory.makeDirectories("layers"))
        let state = try bench.directory.makeDirectories("state")
        let images = try await ImageStore(directory: state, storage: storage, worker: bench.worker)
        let path = "/tmp/\(bench.name)/oci" + (tarred ? ".tar" : "")
        guard let platform else { return try await images.load(path: path) }
        return try await images.load(path: path, platform: platform)
    }

    @Test(arguments: Shape.allCases)
    func `of many platforms this machine's is chosen`(shape: Shape) async throws {
        let images = try await load(shape, nil)
        #expect(images.count == 1)
        #expect(images.first?.record.platform.architecture == Platform.current.architecture)
        #expect(images.first?.record.config.command == images.first.map { ["\($0.record.platform)"] })
        #expect(images.first?.references.map(\.familiar) == (shape == .flat ? [] : ["example.org/many:1"]))
    }

    @Test(arguments: Shape.allCases, ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"])
    func `of many platforms the one that was asked for is chosen`(shape: Shape, platform: String) async throws {
        let images = try await load(shape, Platform(platform), tarred: shape == .nested)
        #expect(images.map(\.record.platform.description) == [platform])
        #expect(images.first?.record.config.command == [platform])
    }

    @Test func `a platform without its variant fits any variant`() async throws {
        let images = try await load(.indexed, Platform("linux/arm64"))
        #expect(images.map(\.record.platform.description) == ["linux/arm64/v8"])
    }

    @Test(arguments: Shape.allCases)
    func `a platform that is missing is told with those that are there`(shape: Shape) async throws {
        let error = await #expect(throws: AgentError.self) { _ = try await load(shape, Platform("linux/s390x")) }
        #expect(error?.code == .imagePlatformMissing)
        let message = error?.message ?? ""
        for word in ["linux/s390x"] + Self.there.map(\.description) { #expect(message.contains(word), "\(message)") }
        #expect(!message.contains("unknown"), "\(message)")
    }
}
