import Images
import Linux
import Model
import Testing

@Suite struct ImageStoreTests {
    private func store(_ bench: Workbench) async throws -> (ImageStore, FolderStorage) {
        let storage = FolderStorage(try bench.directory.makeDirectories("layers"))
        let state = try bench.directory.makeDirectories("state")
        return (try await ImageStore(directory: state, storage: storage, worker: bench.worker), storage)
    }

    /// Two images, `oci:one` and `oci:two`, that share their first layer.
    private func makeLayout(_ bench: Workbench) throws {
        try bench.shell(
            """
            exec 2>&1; mkdir a b c; echo 1 > a/1; echo 2 > b/2; echo 3 > c/3
            for i in a b c; do tar -C $i -cf $i.tar .; done
            umoci init --layout oci; umoci new --image oci:base; umoci raw add-layer --image oci:base a.tar
            umoci config --image oci:base --config.cmd /bin/sh --config.env A=b
            umoci raw add-layer --image oci:base --tag example.org/one:1 b.tar
            umoci raw add-layer --image oci:base --tag example.org/two:1 c.tar
            umoci rm --image oci:base; tar -C oci -cf oci.tar .
            """)
    }

    @Test(arguments: ["oci", "oci.tar"])
    func `images are loaded, shared, named and removed`(source: String) async throws {
        let bench = try Workbench()
        try makeLayout(bench)
        let (images, storage) = try await store(bench)
        async let first = images.load(path: "/tmp/\(bench.name)/\(source)")
        async let second = images.load(path: "/tmp/\(bench.name)/\(source)")
        #expect(try await first.count == 2)
        #expect(try await second.count == 2)
        #expect(await storage.begun.count == 3)
        let one = try await images.get("example.org/one:1")
        #expect(one.record.config.command == ["/bin/sh"])
        #expect(one.record.layers.count == 2)
        try await images.tag("example.org/one:1", as: ImageReference("uno"))
        #expect(try await images.get("uno").record.id == one.record.id)
        #expect(try await images.remove("uno") { _ in true }.removed == nil)
        let error = await #expect(throws: AgentError.self) { _ = try await images.remove(one.record.id) { _ in true } }
        #expect(error?.code == .imageInUse)
        #expect(try await images.remove(one.record.id) { _ in false }.removed == one.record.id)
        #expect(try await storage.layers().count == 2)
        let (again, _) = try await store(bench)
        #expect(await again.list().map { $0.references.map(\.familiar) } == [["example.org/two:1"]])
    }

    @Test func `a damaged document costs one image, and its layers stay`() async throws {
        let bench = try Workbench()
        try makeLayout(bench)
        let (images, storage) = try await store(bench)
        _ = try await images.load(path: "/tmp/\(bench.name)/oci")
        let id = try await images.get("example.org/one:1").record.id.dropFirst(7)
        try bench.shell("echo '{' > state/\(id).json")
        let (again, _) = try await store(bench)
        try await again.sweep()
        #expect(again.problems.count == 1)
        #expect(await again.list().count == 1)
        #expect(try await storage.layers().count == 3)
    }

    @Test func `a layer that nobody has is swept`() async throws {
        let bench = try Workbench()
        let (images, storage) = try await store(bench)
        try bench.shell("mkdir layers/\(String(repeating: "a", count: 64))")
        try await images.sweep()
        #expect(try await storage.layers().isEmpty)
    }

    @Test func `another platform is missing`() async throws {
        let bench = try Workbench()
        try makeLayout(bench)
        let (images, _) = try await store(bench)
        let error = await #expect(throws: AgentError.self) {
            _ = try await images.load(path: "/tmp/\(bench.name)/oci", platform: Platform("linux/s390x"))
        }
        #expect(error?.code == .imagePlatformMissing)
    }

    @Test func `a docker archive is loaded`() async throws {
        let bench = try Workbench()
        try makeLayout(bench)
        try bench.shell("skopeo copy -q oci:oci:example.org/one:1 docker-archive:d.tar:example.org/docker:2")
        let (images, _) = try await store(bench)
        let loaded = try await images.load(path: "/tmp/\(bench.name)/d.tar")
        #expect(loaded.first?.references.map(\.familiar) == ["example.org/docker:2"])
    }

    @Test func `a damaged layer leaves nothing behind`() async throws {
        let bench = try Workbench()
        try makeLayout(bench)
        // Every compressed layer keeps its size and loses its digest.
        try bench.shell(
            #"for f in $(LC_ALL=C grep -lP '^\x1f\x8b' oci/blobs/sha256/*); do printf x | dd of=$f bs=1 seek=50 conv=notrunc; done 2>&1"#
        )
        let (images, storage) = try await store(bench)
        await #expect(throws: AgentError.self) { _ = try await images.load(path: "/tmp/\(bench.name)/oci") }
        #expect(try await storage.layers().isEmpty)
        #expect(await images.list().isEmpty)
    }
}

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("debian", "docker.io/library/debian:latest", "debian:latest"),
        ("a/b:1", "docker.io/a/b:1", "a/b:1"),
        ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
        ("h.io:5000/x/y:T_1", "h.io:5000/x/y:T_1", "h.io:5000/x/y:T_1"),
        ("docker.io/debian", "docker.io/library/debian:latest", "debian:latest"),
    ])
    func `a reference has a long and a short form`(text: String, long: String, short: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == long)
        #expect(reference.familiar == short)
        #expect(try ImageReference(long) == reference)
    }

    @Test(arguments: [
        "", "A", "a//b", "a:", "a:-x", "-a", "a..b", "a___b", "h.io:99999/x", "a@sha256:1", "../x", "a b", "a/",
    ])
    func `a malformed reference is refused`(text: String) throws {
        #expect(throws: AgentError.self) { try ImageReference(text) }
    }
}
