import Drivers
import Linux
import Model
import TestSupport
import Testing

@testable import StorageOverlay

extension KernelTests {
    struct OverlayVolumeTests {
        private let scratch: Scratch
        private let storage: OverlayStorage

        init() throws {
            scratch = try Scratch()
            storage = try Self.open(scratch)
        }

        private static func open(_ scratch: Scratch) throws -> OverlayStorage {
            try OverlayStorage(OverlayConfiguration(root: "\(scratch.path)/storage"))
        }

        private var root: Directory { get throws { try scratch.directory.directory("storage") } }

        private func name(_ text: String) throws -> VolumeName { try VolumeName(text) }

        private func open(_ text: String, idMap: Descriptor? = nil) async throws -> (Directory, isNew: Bool) {
            let opened = try await storage.openVolume(VolumeOpening(name: name(text), idMap: idMap))
            return (Directory(opened.mount), opened.isNew)
        }

        private func waitForEmptyTrash() async throws {
            while try !root.directory("trash").names().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}

extension KernelTests.OverlayVolumeTests {
    @Test func `a volume is made once and found again`() async throws {
        let request = VolumeRequest(name: try name("data"), labels: ["a": "b"])
        let made = try await storage.createVolume(request)
        #expect(made.labels == ["a": "b"])
        #expect(try await storage.createVolume(VolumeRequest(name: name("data"))) == made)
        #expect(try await storage.volumes() == [made])
        #expect(try await Self.open(scratch).volume(name("data")) == made)
        #expect(try root.directory("drafts").names().isEmpty)
    }

    @Test func `two makers at once make one`() async throws {
        let name = try name("data")
        try await storage.recover([])
        let made = try await withThrowingTaskGroup(of: Volume.self) { group in
            for _ in 0..<8 {
                group.addTask { @concurrent in try await storage.createVolume(VolumeRequest(name: name)) }
            }
            return try await group.reduce(into: Set<Volume>()) { $0.insert($1) }
        }
        #expect(made.count == 1)
        #expect(try root.directory("volumes").names() == ["data"])
    }

    @Test func `what is not there is told`() async throws {
        let name = try name("gone")
        for ask in [
            { _ = try await storage.volume(name) },
            { _ = try await storage.openVolume(VolumeOpening(name: name, idMap: nil)) },
            { try await storage.settleVolume(name) },
        ] as [() async throws -> Void] {
            let error = await #expect(throws: AgentError.self) { try await ask() }
            #expect(error?.code == .volumeNotFound)
        }
        try await storage.removeVolume(name)
    }

    @Test func `a volume keeps what is in it once it is settled, and only then`() async throws {
        _ = try await storage.createVolume(VolumeRequest(name: name("data")))
        let (half, wasNew) = try await open("data")
        #expect(wasNew)
        try half.replaceFile("half", [])
        let (empty, isNew) = try await open("data")
        #expect(try isNew && empty.names().isEmpty)
        try empty.replaceFile("whole", [])
        try await storage.settleVolume(name("data"))
        try await storage.settleVolume(name("data"))
        let (kept, isStillNew) = try await open("data")
        #expect(try !isStillNew && kept.names() == ["whole"])
        try await waitForEmptyTrash()
    }

    @Test func `ids are the container's outside and small on the disk`() async throws {
        let lines = [
            IDMapping(inside: 0, outside: 1_000_000, count: 65536), IDMapping(inside: 65536, outside: 0, count: 1),
        ]
        let map = try UserNamespace.make(uidMap: lines, gidMap: lines)
        _ = try await storage.createVolume(VolumeRequest(name: name("data")))
        let (volume, _) = try await open("data", idMap: map)
        #expect(try volume.descriptor.status().uid == 1_000_000)
        try volume.replaceFile("web", [])
        try volume.changeOwner("web", uid: 1_000_033, gid: 1_000_033)
        #expect(try root.directory("volumes/data/data").status("web").uid == 33)
    }

    @Test func `a removed volume is gone with all that was in it`() async throws {
        _ = try await storage.createVolume(VolumeRequest(name: name("data")))
        let (volume, _) = try await open("data")
        try volume.makeDirectory("deep")
        try await storage.removeVolume(name("data"))
        #expect(try await storage.volumes().isEmpty)
        #expect(try root.directory("volumes").names().isEmpty)
        try await waitForEmptyTrash()
    }

    @Test func `a volume goes with its container, and others stay`() async throws {
        let (kept, lost) = (ContainerID.random(), ContainerID.random())
        for (text, owner) in [("kept", kept), ("lost", lost), ("own", nil)] {
            _ = try await storage.createVolume(VolumeRequest(name: name(text), owner: owner))
        }
        #expect(try await storage.collect(valid: [kept]) == ["volume lost"])
        #expect(try await Set(storage.volumes().map(\.name.description)) == ["kept", "own"])
    }

    @Test func `a volume whose record is damaged keeps its files`() async throws {
        _ = try await storage.createVolume(VolumeRequest(name: name("data"), owner: .random()))
        let (volume, _) = try await open("data")
        try volume.replaceFile("precious", [])
        try await storage.settleVolume(name("data"))
        try root.directory("volumes/data").replaceFile("volume.json", Array("{\"na".utf8))
        #expect(try await storage.collect(valid: []).isEmpty)
        #expect(try await open("data").0.names() == ["precious"])
    }

    @Test func `an image's files alone are shown without what a root needs`() async throws {
        let id = try LayerID(String(repeating: "a", count: 64))
        try Directory(await storage.beginLayer(id).directory).replaceFile("model", [])
        try await storage.commitLayer(id)
        var request = RootfsRequest(
            container: .random(), layers: [id], readOnly: true, ids: nil, idMap: nil, ephemeral: true)
        request.isBare = true
        let view = Directory(try await storage.prepareRootfs(request).mount)
        #expect(try view.names() == ["model"])
        #expect(throws: Errno.readOnlyFileSystem) { try view.makeDirectory("new") }
    }
}

// MARK: Sizes
extension KernelTests.OverlayVolumeTests {
    @Test func `a size is refused where it can't be kept, before anything is made`() async throws {
        guard try Process.run("/usr/bin/findmnt", "-n", "-O", "prjquota", "-T", scratch.path) != .exited(0)
        else { return }
        let error = await #expect(throws: AgentError.self) { try await storage.checkSizes() }
        #expect(error?.code == .limitUnavailable)
        await #expect(throws: AgentError.self) {
            try await storage.createVolume(VolumeRequest(name: name("data"), size: 1 << 20))
        }
        #expect(try await storage.volumes().isEmpty)
        #expect(try root.directory("drafts").names().isEmpty)
    }

    /// An ext4 of 64 MiB in a file, mounted with project quotas for the test.
    private final class Disk {
        let scratch: Scratch
        private let point: String

        init?(_ options: String = "prjquota", features: String = "quota,project") throws {
            scratch = try Scratch()
            point = scratch.path + "/storage"
            let image = scratch.path + "/disk"
            try scratch.directory.makeDirectory("storage")
            try scratch.directory.open("disk", [.writeOnly, .create]).truncate(to: 64 << 20)
            guard try Process.run("/usr/sbin/mkfs.ext4", "-q", "-O", features, image) == .exited(0),
                try Process.run("/usr/bin/mount", "-o", "loop," + options, image, point) == .exited(0)
            else { return nil }
        }

        deinit { _ = try? Process.run("/usr/bin/umount", "-l", point) }
    }

    private static let hasQuotas = (try? Disk()) != nil

    @Test(.enabled(if: hasQuotas, "this kernel mounts no ext4 with project quotas"))
    func `a volume takes no more than its size, and another one is not in its way`() async throws {
        let disk = try #require(try Disk())
        let storage = try Self.open(disk.scratch)
        try await storage.checkSizes()
        for text in ["one", "two"] {
            _ = try await storage.createVolume(VolumeRequest(name: name(text), size: 1 << 20))
        }
        let error = await #expect(throws: AgentError.self) {
            try await storage.createVolume(VolumeRequest(name: name("one"), size: 2 << 20))
        }
        #expect(error?.code == .volumeExists)
        let one = Directory(try await storage.openVolume(VolumeOpening(name: name("one"), idMap: nil)).mount)
        #expect(try Self.takes(one, kilobytes: 900))
        #expect(try !Self.takes(one, kilobytes: 900))
        let two = Directory(try await storage.openVolume(VolumeOpening(name: name("two"), idMap: nil)).mount)
        #expect(try Self.takes(two, kilobytes: 900))
    }

    @Test(.enabled(if: hasQuotas, "this kernel mounts no ext4 with project quotas"))
    func `a container writes no more than its size to its root`() async throws {
        let disk = try #require(try Disk())
        let storage = try Self.open(disk.scratch)
        let id = try LayerID(String(repeating: "a", count: 64))
        try Directory(await storage.beginLayer(id).directory).replaceFile(
            "large", [UInt8](repeating: 2, count: 700_000))
        try await storage.commitLayer(id)
        for container in [ContainerID.random(), .random()] {
            var request = RootfsRequest(
                container: container, layers: [id], readOnly: false, ids: nil, idMap: nil, ephemeral: false)
            request.size = 1 << 20
            let rootfs = Directory(try await storage.prepareRootfs(request).mount)
            // A copy to the upper directory counts, and is not kept from crossing into it.
            try rootfs.changeMode("large", 0o600)
            #expect(try Self.takes(rootfs, kilobytes: 200))
            #expect(try !Self.takes(rootfs, kilobytes: 600))
        }
    }

    @Test(.enabled(if: hasQuotas, "this kernel mounts no ext4 with project quotas"))
    func `projects that are counted but not limited are refused`() async throws {
        let disk = try #require(try Disk("noquota"))
        let error = await #expect(throws: AgentError.self) { try await Self.open(disk.scratch).checkSizes() }
        #expect(error?.code == .limitUnavailable)
    }

    /// Whether a program writes so much to a new file, without CAP_SYS_RESOURCE, which heeds no limit.
    private static func takes(_ directory: Directory, kilobytes: Int) throws -> Bool {
        let file = "/proc/self/fd/3/\(Clock.monotonic)"
        let child = try Process.spawn(
            executable: Directory(path: "/usr/bin").open("setpriv").rawValue,
            arguments: [
                "setpriv", "--bounding-set=-sys_resource", "dd", "if=/dev/zero", "of=" + file, "bs=1000",
                "count=\(kilobytes)", "conv=fsync", "status=none",
            ], environment: ["PATH=/usr/bin:/bin"], descriptors: [directory.descriptor.rawValue])
        return try child.shared().end() == .exited(0)
    }
}
