import Drivers
import Linux
import Model
import Testing

@testable import Engine

/// Volumes that are only remembered; what is opened is a file system in memory.
extension PlayedStorage {
    func createVolume(_ request: VolumeRequest) async throws -> Volume {
        try script.act("create volume")
        let volume = Volume(
            name: request.name, size: request.size, labels: request.labels, isAnonymous: request.isAnonymous,
            owner: request.owner, createdAt: 1)
        return script.with { state in
            let kept = state.volumes[request.name] ?? volume
            state.volumes[request.name] = kept
            return kept
        }
    }

    func volume(_ name: VolumeName) async throws -> Volume {
        guard let volume = script.with({ $0.volumes[name] }) else {
            throw AgentError(.volumeNotFound, "there is no volume \(name)")
        }
        return volume
    }

    func volumes() async throws -> [Volume] { script.with { Array($0.volumes.values) } }
    func removeVolume(_ name: VolumeName) async throws { script.with { $0.volumes[name] = nil } }

    func openVolume(_ request: VolumeOpening) async throws -> OpenedVolume {
        _ = try await volume(request.name)
        try script.act("open volume")
        let isNew = script.with { !$0.settled.contains(request.name) }
        return OpenedVolume(mount: try FileSystemContext("tmpfs").mount().shared(), isNew: isNew)
    }

    func settleVolume(_ name: VolumeName) async throws { script.with { _ = $0.settled.insert(name) } }
}

@Suite struct Mounts {
    private func spec(_ name: String? = nil, remove: Bool = false, _ mounts: MountSpec...) throws -> ContainerSpec {
        var spec = try ContainerSpec.test(name, remove: remove)
        spec.mounts = mounts
        return spec
    }

    private func code(of body: () async throws -> Void) async -> ErrorCode? {
        await #expect(throws: AgentError.self) { try await body() }?.code
    }

    // MARK: Containers

    @Test func `mounts are planned from the outside in, with the image's volumes`() async throws {
        try await withWorld { world in
            world.script.with { $0.config.volumes = ["/var/lib/db", "/c", "relative", "/", "/../x"] }
            let spec = try spec(
                "a", MountSpec(.tmpfs, target: "/a/b/c"), MountSpec(.bind, source: "/tmp", target: "//a//b/"),
                MountSpec(.volume, source: "data", target: "/c"), MountSpec(.volume, target: "/a"))
            _ = try await world.engine.create(spec)
            _ = try await world.engine.start("a")
            let targets = world.script.with { $0.targets }
            #expect(targets == ["/c", "/a", "/relative", "/a/b", "/a/b/c", "/var/lib/db"])
            #expect(world.script.with { $0.volumes.count } == 4)
            try await world.engine.remove("a", force: true)
        }
    }

    @Test func `a container without mounts asks for none`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            #expect(world.script.with { $0.targets.isEmpty && $0.volumes.isEmpty })
            try await world.engine.remove("a", force: true)
        }
    }

    @Test func `mounts that can't be are refused before anything is made`() async throws {
        var small = try ContainerSpec.test()
        small.rootSize = 5
        var large = try ContainerSpec.test()
        large.rootSize = 1 << 30
        let cases: [(ContainerSpec, ErrorCode)] = [
            (try spec(nil, MountSpec(.tmpfs, target: "/a"), MountSpec(.volume, target: "/a/")), .mountRefused),
            (try spec(nil, MountSpec(.volume, source: "../up", target: "/a")), .requestInvalid),
            (try spec(nil, MountSpec(.bind, source: "relative", target: "/a")), .requestInvalid),
            (try spec(nil, MountSpec(.tmpfs, target: "/a/../b")), .requestInvalid),
            (small, .requestInvalid), (large, .limitUnavailable),
        ]
        try await withWorld { world in
            for (spec, expected) in cases {
                #expect(await code { _ = try await world.engine.create(spec) } == expected)
            }
            #expect(await world.engine.list().isEmpty)
        }
    }

    @Test func `a source that is gone at the start fails it and leaves nothing`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(spec("a", MountSpec(.bind, source: "/no/such", target: "/a")))
            #expect(await code { _ = try await world.engine.start("a") } == .mountRefused)
            try await world.assertNothingRuns()
        }
    }

    @Test func `an image that is mounted counts as used`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(spec("a", MountSpec(.image, source: "other", target: "/a")))
            #expect(await world.engine.uses(image: "sha256:image") != nil)
            #expect(world.script.deeds.contains("resolve other"))
        }
    }

    // MARK: Volumes

    @Test func `a volume that a container has stays, running or not`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(spec("a", MountSpec(.volume, source: "data", target: "/d")))
            #expect(await code { try await world.engine.removeVolume("data") } == .volumeNotFound)
            _ = try await world.engine.start("a")
            #expect(await code { try await world.engine.removeVolume("data") } == .volumeInUse)
            #expect(try await world.engine.pruneVolumes(named: true).isEmpty)
            #expect(try await world.engine.volume("data").containers.count == 1)
            try await world.engine.remove("a", force: true)
            try await world.engine.removeVolume("data")
            #expect(try await world.engine.volumes().isEmpty)
        }
    }

    @Test func `a new volume is settled before it is used, once`() async throws {
        try await withWorld { world in
            let name = try VolumeName("data")
            _ = try await world.engine.create(spec("a", MountSpec(.volume, source: "data", target: "/no/such/place")))
            world.script.fail("plan")
            #expect(await code { _ = try await world.engine.start("a") } == .driverFailed)
            #expect(world.script.with { $0.settled } == [name])
            #expect(world.script.deeds.count { $0 == "create volume" } == 1)
        }
    }

    @Test(arguments: [(remove: true, volumes: false, left: 0), (false, true, 0), (false, false, 1)])
    func `volumes that nobody named go with a container that takes them`(
        remove: Bool, volumes: Bool, left: Int
    ) async throws {
        try await withWorld { world in
            let run = try await world.engine.run(
                spec(
                    "a", remove: remove, MountSpec(.volume, target: "/d"), MountSpec(.volume, source: "n", target: "/n")
                ),
                stdio: ContainerStdio(), made: { _ in })
            #expect(world.script.with { $0.volumes.count } == 2)
            try await world.engine.remove(run.view.id.description, force: true, volumes: volumes)
            try await world.settled { world.script.with { $0.volumes.count } == left + 1 }
            #expect(try await world.engine.pruneVolumes(named: false).count == left)
            #expect(try await world.engine.volumes().map(\.volume.name.description) == ["n"])
        }
    }

    @Test func `a volume's making and its end are told`() async throws {
        try await withWorld { world in
            let request = VolumeRequest(name: try VolumeName("data"))
            for _ in 0..<2 { _ = try await world.engine.createVolume(request) }
            try await world.engine.removeVolume("data")
            var told: [Event] = []
            while let event = try await world.engine.event(after: told.last?.cursor ?? 0, once: true) {
                told.append(event)
            }
            #expect(told.map(\.kind) == [.volumeCreated, .volumeRemoved])
            #expect(told.allSatisfy { $0.subject == "data" })
        }
    }

    @Test func `two makers of one volume take turns`() async throws {
        try await withWorld { world in
            let request = VolumeRequest(name: try VolumeName("data"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 { group.addTask { _ = try await world.engine.createVolume(request) } }
                try await group.waitForAll()
            }
            #expect(await world.engine.snapshot().cursor == 1)
        }
    }
}

@Suite struct `A path of the host` {
    private final class Place {
        let path = "/tmp/davit-test-path-\(Process.pid)-\(Clock.monotonic)"
        let directory: Directory

        init() throws {
            directory = try Directory(path: "/tmp").makeDirectories(String(path.dropFirst(5)))
            try directory.makeDirectories("real/inner").replaceFile("file", Array("here".utf8))
            try directory.symlink("real", at: "link")
            try directory.symlink("/etc/shadow", at: "real/secret")
        }

        deinit { try? Directory(path: "/tmp").removeTree(String(path.dropFirst(5))) }
    }

    @Test(arguments: [
        ("/link", "/link", "/real"), ("/link/inner", "/link", "/real/inner"),
        ("/real/../link/inner/file", "/link", "/real/inner/file"),
    ])
    func `is never followed through a link, and the error tells which`(path: String, link: String, real: String) throws
    {
        let place = try Place()
        let error = try #require(throws: AgentError.self) { try HostPath(place.path + path) }
        #expect(error.code == .mountRefused)
        #expect(error.message.contains("\(place.path)\(link) is a symbolic link") || path.contains(".."))
        #expect(error.message.contains("give \(place.path)\(real)"))
    }

    @Test(arguments: ["/none", "/real/none/deeper", "/real/inner/file/below", "/real/secret"])
    func `that can't be opened is refused`(path: String) throws {
        let place = try Place()
        #expect(throws: AgentError.self) { try HostPath(place.path + path) }
    }

    @Test func `is the same file after its name was given to another`() throws {
        let place = try Place()
        let path = try HostPath(place.path + "/real/inner")
        try place.directory.rename("real", to: "moved")
        try place.directory.symlink("/etc", at: "real")
        let mount = try path.mount(MountSpec(.bind, target: "/x"), idMap: nil, attributes: [])
        #expect(try Directory(mount).names() == ["file"])
    }

    @Test func `in the agent's own places is refused`() throws {
        let place = try Place()
        for inside in ["/real", "/real/inner", "/real/inner/file"] {
            #expect(throws: AgentError.self) { try HostPath(place.path + inside).refuse(in: [place.path + "/real"]) }
        }
        try HostPath(place.path + "/real").refuse(in: [place.path + "/re", "/nowhere"])
    }

    @Test func `shows the host's ids as the container's, or says which file system can't`() throws {
        let place = try Place()
        try place.directory.changeOwner("real", uid: 33, gid: 33)
        let lines = [IDMapping(inside: 0, outside: 1_000_000, count: 65536)]
        let map = try UserNamespace.make(uidMap: lines, gidMap: lines)
        let spec = MountSpec(.bind, target: "/x", readOnly: true)
        let mount = try HostPath(place.path + "/real").mount(spec, idMap: map, attributes: .noSetUID)
        #expect(try mount.status().uid == 1_000_033)
        #expect(throws: Errno.readOnlyFileSystem) { try Directory(mount).makeDirectory("new") }
        let error = #expect(throws: AgentError.self) {
            try HostPath("/proc").mount(spec, idMap: map, attributes: [])
        }
        #expect(error?.message.contains("proc") == true)
        #expect(error?.message.contains("id_map") == true)
    }
}
