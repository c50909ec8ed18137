import Drivers
import Linux
import Model
import TestSupport
import Testing

@testable import StorageOverlay

extension KernelTests {
    struct OverlayStorageTests {
        private let scratch: Scratch
        private let storage: OverlayStorage

        init() throws {
            scratch = try Scratch()
            storage = try Self.open(scratch)
        }

        private static func open(_ scratch: Scratch, byDescriptor: Bool = true) throws -> OverlayStorage {
            try OverlayStorage(OverlayConfiguration(root: "\(scratch.path)/storage"), byDescriptor: byDescriptor)
        }

        private var root: Directory { get throws { try scratch.directory.directory("storage") } }

        private func layerID(_ number: Int) throws -> LayerID {
            let digits = String(number, radix: 16)
            return try LayerID(String(repeating: "0", count: 64 - digits.count) + digits)
        }

        @discardableResult
        private func makeLayer(_ number: Int, _ fill: (Directory) throws -> Void = { _ in }) async throws -> LayerID {
            let id = try layerID(number)
            try fill(Directory(await storage.beginLayer(id).directory))
            try await storage.commitLayer(id)
            return id
        }

        /// Tests whose storage takes the way of older kernels, too, make it themselves.
        private func old() throws -> OverlayStorage { try Self.open(scratch, byDescriptor: false) }

        private func prepare(
            _ layers: [LayerID], container: ContainerID = .random(), readOnly: Bool = false, mapped: IDRange? = nil,
            ephemeral: Bool = false, from storage: OverlayStorage? = nil
        ) async throws -> Directory {
            let storage = storage ?? self.storage
            let map = try mapped.map { ids in
                let lines = [
                    IDMapping(inside: 0, outside: ids.base, count: ids.count),
                    IDMapping(inside: 65536, outside: 0, count: 1),
                ]
                return try UserNamespace.make(uidMap: lines, gidMap: lines)
            }
            let request = RootfsRequest(
                container: container, layers: layers, readOnly: readOnly, ids: mapped, idMap: map, ephemeral: ephemeral)
            return Directory(try await storage.prepareRootfs(request).mount)
        }

        private func text(_ directory: Directory, _ name: String) throws -> String {
            String(decoding: try directory.read(name, limit: 1000), as: UTF8.self)
        }

        private func layer(saying text: String, number: Int) async throws -> LayerID {
            try await makeLayer(number) { try $0.replaceFile("said", Array(text.utf8)) }
        }

        /// Until the background has removed all that was thrown away.
        private func waitForEmptyTrash() async throws {
            while try !root.directory("trash").names().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}

// MARK: Layers
extension KernelTests.OverlayStorageTests {
    @Test func `a layer is there only when committed`() async throws {
        let id = try layerID(1)
        _ = try await storage.beginLayer(id)
        #expect(try await storage.layers().isEmpty)
        try await storage.commitLayer(id)
        try await storage.commitLayer(id)
        #expect(try await storage.layers() == [id])
    }

    @Test func `beginning again empties the draft`() async throws {
        let id = try layerID(1)
        try Directory(await storage.beginLayer(id).directory).makeDirectory("left")
        let draft = Directory(try await storage.beginLayer(id).directory)
        #expect(try draft.names().isEmpty)
    }

    @Test func `a layer that is there is kept and the draft dropped`() async throws {
        let id = try await layer(saying: "first", number: 1)
        try Directory(await storage.beginLayer(id).directory).replaceFile("said", Array("second".utf8))
        try await storage.commitLayer(id)
        #expect(try text(root, "layers/\(id)/said") == "first")
        #expect(try root.directory("drafts").names().isEmpty)
    }

    @Test func `a commit without a beginning is refused`() async throws {
        let error = await #expect(throws: AgentError.self) { try await storage.commitLayer(layerID(1)) }
        #expect(error?.code == .driverFailed)
    }

    @Test func `removing a layer is idempotent`() async throws {
        let id = try await layer(saying: "x", number: 1)
        try await storage.removeLayer(id)
        try await storage.removeLayer(id)
        #expect(try await storage.layers().isEmpty)
    }

    @Test func `a missing layer is told by name`() async throws {
        let error = await #expect(throws: AgentError.self) { try await prepare([layerID(7)]) }
        #expect(error?.code == .imageInvalid)
        #expect(error?.message.contains("layers/000") == true)
        #expect(try root.directory("rootfs").names().isEmpty)
    }
}

// MARK: Root file systems
extension KernelTests.OverlayStorageTests {
    @Test func `the uppermost layer wins and nobody sees a mount`() async throws {
        let layers = [try await layer(saying: "low", number: 1), try await layer(saying: "high", number: 2)]
        let rootfs = try await prepare(layers)
        #expect(try text(rootfs, "said") == "high")
        let mounts = try Directory(path: "/proc/self").read("mountinfo", limit: 1 << 20)
        #expect(!String(decoding: mounts, as: UTF8.self).contains(scratch.path))
    }

    @Test func `two containers share a layer and not a change`() async throws {
        let id = try await layer(saying: "layer", number: 1)
        let (one, other) = (try await prepare([id]), try await prepare([id]))
        try one.replaceFile("said", Array("mine".utf8))
        #expect(try text(other, "said") == "layer")
        #expect(try text(root, "layers/\(id)/said") == "layer")
    }

    @Test(arguments: [true, false])
    func `ids are the container's outside and small on the disk`(byDescriptor: Bool) async throws {
        let id = try await makeLayer(1) { layer in
            try layer.replaceFile("web", [])
            try layer.changeOwner("web", uid: 33, gid: 33)
            try layer.replaceFile("root", [])
        }
        let ids = IDRange(base: 1_000_000)
        let container = ContainerID.random()
        let rootfs = try await prepare(
            [id], container: container, mapped: ids, from: byDescriptor ? storage : old())
        #expect(try rootfs.status("web").uid == 1_000_033)
        #expect(try rootfs.status("root").gid == 1_000_000)
        #expect(try rootfs.descriptor.status().uid == 1_000_000)
        #expect(try rootfs.descriptor.status().mode == 0o755)
        // The copy in the upper directory belongs to small ids again: it can be made a layer as it is.
        try rootfs.changeMode("web", 0o600)
        try rootfs.changeOwner("root", uid: 1_000_007, gid: 1_000_008)
        let upper = try root.directory("rootfs/\(container)/upper")
        #expect(try upper.descriptor.status().uid == 0)
        #expect(try upper.status("web").uid == 33)
        #expect(try upper.status("root").uid == 7)
        #expect(try upper.status("root").gid == 8)
    }

    @Test func `more blocks of ids than views still work`() async throws {
        let id = try await layer(saying: "x", number: 1)
        let old = try old()
        for number in 0..<UInt32(Views.limit + 10) {
            let ids = IDRange(base: 1_000_000 + number * 65536)
            for storage in [storage, old] {
                let rootfs = try await prepare([id], readOnly: true, mapped: ids, from: storage)
                #expect(try rootfs.status("said").uid == ids.base)
            }
        }
    }

    @Test func `one layer read-only has all mount points and takes no write`() async throws {
        let rootfs = try await prepare([layer(saying: "x", number: 1)], readOnly: true)
        #expect(Set(try rootfs.names()).isSuperset(of: ["dev", "etc", "proc", "sys", "said"]))
        #expect(throws: Errno.readOnlyFileSystem) { try rootfs.makeDirectory("new") }
        #expect(try root.directory("rootfs").names().isEmpty)
    }

    @Test func `a device in an image does not work`() async throws {
        let id = try await makeLayer(1) { _ in
            let draft = "\(scratch.path)/storage/drafts/\(try layerID(1))/null"
            #expect(try Process.run("/usr/bin/mknod", draft, "c", "1", "3") == .exited(0))
        }
        for (readOnly, storage) in try [(false, storage), (true, storage), (false, old()), (true, old())] {
            let rootfs = try await prepare([id], readOnly: readOnly, from: storage)
            #expect(throws: Errno.accessDenied) { _ = try rootfs.open("null") }
        }
    }

    @Test(arguments: [60, 200, 499])
    func `many layers make one root`(count: Int) async throws {
        try await storage.recover([])
        for number in 0..<count {
            let name = try layerID(number).description
            try root.makeDirectories("layers/\(name)").replaceFile("file\(number)", [])
        }
        let layers = try (0..<count).map(layerID)
        for storage in [storage, try old()] {
            for readOnly in [false, true] {
                let ids = IDRange(base: 1_000_000)
                let rootfs = try await prepare(layers, readOnly: readOnly, mapped: ids, from: storage)
                #expect(try rootfs.names().count == count + 4)
                #expect(try rootfs.status("file\(count - 1)").uid == 1_000_000)
                guard readOnly else { continue }
                #expect(throws: Errno.readOnlyFileSystem) { try rootfs.makeDirectory("new") }
            }
        }
        let mounts = try Directory(path: "/proc/self").read("mountinfo", limit: 1 << 20)
        #expect(!String(decoding: mounts, as: UTF8.self).contains(scratch.path))
    }

    @Test(arguments: [0, 500]) func `too few or too many layers are refused`(count: Int) async throws {
        let layers = try (0..<count).map(layerID)
        let error = await #expect(throws: AgentError.self) { try await prepare(layers) }
        #expect(error?.code == .imageInvalid)
    }

    @Test func `a layer may come twice`() async throws {
        let one = try await layer(saying: "one", number: 1)
        let two = try await layer(saying: "two", number: 2)
        #expect(try text(await prepare([one, two, one]), "said") == "one")
    }

    @Test func `preparing again keeps what the container wrote`() async throws {
        let id = try await layer(saying: "layer", number: 1)
        let container = ContainerID.random()
        try await prepare([id], container: container).replaceFile("said", Array("kept".utf8))
        #expect(try text(await prepare([id], container: container), "said") == "kept")
    }

    @Test func `an ephemeral container begins anew`() async throws {
        let id = try await layer(saying: "layer", number: 1)
        let container = ContainerID.random()
        try await prepare([id], container: container, ephemeral: true).replaceFile("said", Array("gone".utf8))
        #expect(try text(await prepare([id], container: container, ephemeral: true), "said") == "layer")
    }

    @Test func `32 at once are 32 file systems`() async throws {
        let id = try await layer(saying: "layer", number: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask { @concurrent in
                    let container = ContainerID.random()
                    let rootfs = try await prepare([id], container: container, mapped: IDRange(base: 1_000_000))
                    try rootfs.replaceFile("said", Array("\(number)".utf8))
                    #expect(try text(rootfs, "said") == "\(number)")
                    try await storage.removeRootfs(container)
                }
            }
            try await group.waitForAll()
        }
        #expect(try root.directory("rootfs").names().isEmpty)
    }
}

// MARK: What is left over
extension KernelTests.OverlayStorageTests {
    @Test func `releasing what never was is fine`() async throws {
        try await storage.removeRootfs(.random())
    }

    @Test func `collecting removes all that is not valid`() async throws {
        let id = try await layer(saying: "x", number: 1)
        let (kept, lost) = (ContainerID.random(), ContainerID.random())
        for container in [kept, lost] { _ = try await prepare([id], container: container) }
        #expect(try await storage.collect(valid: [kept]) == [lost.description])
        #expect(try await storage.collect(valid: [kept]).isEmpty)
        #expect(try root.directory("rootfs").names() == [kept.description])
    }

    @Test func `hostile trees are removed and lead nowhere`() async throws {
        let victim = try scratch.directory.makeDirectories("victim")
        try victim.replaceFile("precious", [])
        let container = ContainerID.random()
        let rootfs = try await prepare([layer(saying: "x", number: 1)], container: container)
        try rootfs.symlink("\(scratch.path)/victim", at: "link")
        try rootfs.symlink("../../../../victim", at: "relative")
        try Scratch.makeDeep(3000, in: rootfs)
        try makeUnreadableNames(in: rootfs)
        try await storage.removeRootfs(container)
        try await waitForEmptyTrash()
        #expect(try await storage.status().message == "ready")
        #expect(try victim.names() == ["precious"])
    }

    /// Names that are no UTF-8.
    private func makeUnreadableNames(in rootfs: Directory) throws {
        let script = "cd /proc/self/fd/3 && printf '' > \"$(printf 'a\\377b')\" && mkdir \"$(printf '\\200')\""
        let shell = try Directory(path: "/").open("/bin/sh")
        let child = try Process.spawn(
            executable: shell.rawValue, arguments: ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin"],
            descriptors: [rootfs.descriptor.rawValue])
        #expect(try child.shared().end() == .exited(0))
    }

    @Test func `a restart sweeps drafts and trash and keeps the rest`() async throws {
        let id = try await layer(saying: "layer", number: 1)
        let container = ContainerID.random()
        try await prepare([id], container: container).replaceFile("said", Array("kept".utf8))
        _ = try await storage.beginLayer(layerID(2))
        try Scratch.makeDeep(5, in: root.makeDirectories("trash/17.3"))
        let again = try Self.open(scratch)
        try await again.recover([])
        #expect(try root.directory("drafts").names().isEmpty)
        #expect(try await again.layers() == [id])
        #expect(try text(root, "rootfs/\(container)/upper/said") == "kept")
        try await waitForEmptyTrash()
    }

    @Test func `only root may enter the store`() async throws {
        try await storage.recover([])
        #expect(try root.descriptor.status().mode == 0o700)
    }

    @Test func `usage counts layers and root file systems`() async throws {
        let id = try await makeLayer(1) { try $0.replaceFile("big", [UInt8](repeating: 1, count: 1 << 20)) }
        let rootfs = try await prepare([id])
        try rootfs.replaceFile("small", [UInt8](repeating: 1, count: 8192), durable: true)
        let usage = try await storage.usage()
        #expect(usage.layers == 1 && usage.rootfses == 1)
        #expect(usage.layerBytes >= 1 << 20)
        #expect((8192..<1 << 20).contains(usage.rootfsBytes))
    }

    @Test func `opening touches nothing until there is something to do`() async throws {
        let quiet = try Scratch()
        let storage = try Self.open(quiet)
        #expect(try await storage.status().healthy)
        #expect(try quiet.directory.names().isEmpty)
        try await storage.recover([])
        #expect(try quiet.directory.names() == ["storage"])
    }

    @Test func `a relative root is refused`() {
        let error = #expect(throws: AgentError.self) { try OverlayStorage(OverlayConfiguration(root: "tmp")) }
        #expect(error?.code == .configInvalid)
    }
}
