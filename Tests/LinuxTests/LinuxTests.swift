import Linux
import Testing

private final class Scratch {
    let directory: Directory
    let path: String
    private let name = "davit-test-\(Process.pid)-\(Clock.monotonic)"

    init() throws {
        path = "/tmp/" + name
        directory = try Directory(path: "/tmp").makeDirectories(name)
    }

    deinit { try? Directory(path: "/tmp").removeTree(name) }
}

private let isRoot = (try? PeerCredentials(of: SocketPair(.stream).a))?.uid == 0

@Suite struct FileTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `an error has a name and words`() {
        #expect(Errno.noSuchFile.description == "ENOENT (No such file or directory)")
        #expect(throws: Errno.noSuchFile) { try Directory(path: "/nothing/here") }
    }

    @Test func `a name with a NUL is refused before the kernel cuts it`() {
        #expect(throws: Errno.invalid) { try scratch.directory.makeDirectory("a\0b") }
    }

    @Test(arguments: [true, false]) func `a replaced file has the new content and leaves no other`(_ durable: Bool)
        throws
    {
        for text in ["one", "two"] {
            try scratch.directory.replaceFile("file", [UInt8](text.utf8), durable: durable)
            #expect(try scratch.directory.read("file", limit: 100) == [UInt8](text.utf8))
        }
        #expect(try scratch.directory.names() == ["file"])
    }

    @Test func `reading knows its limit and never waits for a FIFO`() throws {
        try scratch.directory.replaceFile("file", [UInt8](repeating: 7, count: 100))
        #expect(try scratch.directory.read("file", limit: 100).count == 100)
        #expect(throws: Errno.fileTooLarge) { try scratch.directory.read("file", limit: 99) }
        #expect(throws: Errno.isDirectory) { try scratch.directory.read(".", limit: 9) }
        #expect(try scratch.directory.readIfPresent("none", limit: 9) == nil)
    }

    @Test func `removing a tree never follows a link`() throws {
        let tree = try scratch.directory.makeDirectories("tree/a/b")
        try scratch.directory.replaceFile("kept", [1])
        try tree.symlink("../../../kept", at: "file-link")
        try tree.symlink(scratch.path, at: "directory-link")
        try scratch.directory.removeTree("tree")
        try scratch.directory.removeTree("tree")
        #expect(try scratch.directory.names() == ["kept"])
    }

    @Test func `a path does not leave the directory it is resolved beneath`() throws {
        try scratch.directory.symlink("/etc", at: "out")
        #expect(throws: Errno.crossDevice) { _ = try scratch.directory.open("../x", resolve: .beneath) }
        #expect(throws: Errno.tooManyLinks) { try scratch.directory.directory("out", resolve: .noSymlinks) }
        #expect(throws: Errno.noSuchFile) { try scratch.directory.directory("out", resolve: .inRoot) }
        #expect(throws: Errno.self) { try scratch.directory.makeDirectories("out/davit") }
    }

    @Test func `a rename can be exclusive`() throws {
        for name in ["a", "b"] { try scratch.directory.replaceFile(name, [1]) }
        #expect(throws: Errno.exists) { try scratch.directory.renameExclusively("a", to: "b") }
        try scratch.directory.rename("a", to: "b")
        #expect(try scratch.directory.status("b").kind == .regular)
        #expect(try scratch.directory.statusIfPresent("a") == nil)
    }

    @Test func `a sealed memory file cannot be written`() throws {
        let file = try MemoryFile.sealed([1, 2, 3])
        #expect(try file.readAll(limit: 9) == [1, 2, 3])
        #expect(throws: Errno.notPermitted) { try file.write([4]) }
        #expect(try MemoryFile.sealed([]).readAll(limit: 9).isEmpty)
    }

    @Test func `a lock is held by one`() throws {
        let lock = try Lock(scratch.directory.open("lock", [.readWrite, .create]))
        guard lock != nil else { throw Errno.busy }
        let other = try scratch.directory.open("lock")
        let held = try Lock.isHeld(other)
        #expect(held)
        if try Lock(other) != nil { throw Errno.exists }
    }

    @Test func `inotify tells of a new file by name`() throws {
        let inotify = try Inotify()
        let watch = try inotify.watch(scratch.path, [.created, .movedTo])
        #expect(try inotify.read().isEmpty)
        try scratch.directory.replaceFile("new", [1])
        #expect(
            try inotify.read().map { [$0.watch == watch ? "yes" : "no", $0.name] } == [
                ["yes", "new.tmp"], ["yes", "new"],
            ])
    }
}

@Suite struct SocketTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `descriptors travel and those past the limit are closed`() throws {
        let pair = try SocketPair(.sequencedPackets)
        let file = try MemoryFile.sealed([5]).shared()
        try pair.a.send([1], descriptors: [file.rawValue, file.rawValue])
        let (bytes, descriptors) = try pair.b.receive(upTo: 10, maxDescriptors: 1)
        #expect(bytes == [1] && descriptors.count == 1)
        #expect(try descriptors.first?.status().inode == file.status().inode)
    }

    @Test func `a cut packet is an error and the end is empty`() throws {
        let pair = try SocketPair(.sequencedPackets)
        try pair.a.send([1, 2, 3])
        #expect(throws: Errno.messageTooLong) { try pair.b.receive(upTo: 2) }
        try pair.a.shutdown(2)
        #expect(try pair.b.receive(upTo: 2).0.isEmpty)
        #expect(throws: Errno.brokenPipe) { try pair.b.send([1]) }
    }

    @Test func `a listener has its mode and knows its peer`() throws {
        let listener = try UnixSocket.listen(scratch.path + "/socket", mode: 0o640)
        #expect(try scratch.directory.status("socket").mode == 0o640)
        #expect(try UnixSocket.accept(listener) == nil)
        let client = try UnixSocket.connect(scratch.path + "/socket")
        let peer = try PeerCredentials(of: #require(try UnixSocket.accept(listener)))
        #expect(peer.pid == Process.pid)
        #expect(throws: Errno.addressInUse) { try UnixSocket.listen(scratch.path + "/socket") }
        withExtendedLifetime(client) {}
    }
}

@Suite struct `A guarded state` {
    /// Failed in optimized builds only, when the wait held on to what it had read first.
    @Test func `that another thread sets ends the wait`() throws {
        let state = Guarded<Int?>(nil)
        try Thread.start("setter") {
            let start = Clock.monotonic
            while Clock.monotonic - start < 20_000_000 {}
            state.withLock { $0 = 5 }
            state.wakeAll()
        }
        #expect(state.wait { $0 } == 5)
    }
}

@Suite(.serialized, .enabled(if: isRoot, "needs root")) struct KernelTests {
    /// Held for the whole test: a number alone would be closed at once.
    private let busybox: Descriptor

    init() throws { busybox = try Directory(path: "/bin").open("busybox", .path).shared() }

    @Test func `a child has its arguments, its environment and its descriptors from 3 on`() throws {
        let pipe = try Pipe().ends()
        let child = try Process.spawn(
            executable: busybox.rawValue, arguments: ["sh", "-c", "echo $A $0 >&4; ls /proc/self/fd >&4", "x"],
            environment: ["A=b", "PATH=/bin"], descriptors: [pipe.reader.rawValue, pipe.writer.rawValue]
        ).shared()
        #expect(try child.collect(wait: true) == .exited(0))
        let lines = String(decoding: try pipe.reader.read(upTo: 4096), as: UTF8.self).split(separator: "\n")
        #expect(lines.prefix(6) == ["b x", "0", "1", "2", "3", "4"])
    }

    @Test func `an error of exec comes back and leaves no child`() throws {
        let file = try MemoryFile.sealed([1]).shared()
        let number = file.rawValue
        #expect(throws: Errno.self) {
            try Process.spawn(executable: number, arguments: ["x"], environment: [], descriptors: []).shared()
        }
        #expect(throws: Errno.badDescriptor) {
            try Process.spawn(executable: 9999, arguments: ["x"], environment: [], descriptors: []).shared()
        }
    }

    @Test func `a child that a signal ends says which`() throws {
        let child = try Process.spawn(
            executable: busybox.rawValue, arguments: ["sleep", "100"], environment: [], descriptors: []
        ).shared()
        #expect(child.isAlive)
        #expect(try child.collect() == nil)
        try child.send(signal: 15)
        #expect(try child.collect(wait: true) == .signaled(15))
    }

    @Test func `a user namespace has its maps without a process`() throws {
        let map = [
            IDMapping(inside: 0, outside: 100_000, count: 65536), IDMapping(inside: 65536, outside: 0, count: 1),
        ]
        let first = try UserNamespace.make(uidMap: map, gidMap: map)
        #expect(try first.status().inode != UserNamespace.make(uidMap: map, gidMap: map).status().inode)
        #expect(throws: Errno.invalid) { try UserNamespace.make(uidMap: [map[0], map[0]], gidMap: map) }
    }

    @Test func `a private mount is not seen by the host`() throws {
        let scratch = try Scratch()
        try scratch.directory.makeDirectory("here")
        let place = scratch.path + "/here"
        let thread = try PrivateMountThread()
        let inside = try thread.run { () throws(Errno) in
            try Mount.attach(try FileSystemContext("tmpfs").mount([.noDevices]), at: place)
            return try Directory(path: place).status(".").device
        }
        #expect(try scratch.directory.status("here").device != inside)
    }

    @Test func `a minimal thread has a root of its own`() async throws {
        let thread = try PrivateMountThread(minimal: true)
        let names = try await thread.run { () throws(Errno) in
            try Directory(path: "/").names().sorted()
        }
        #expect(names == ["dev", "proc", "root", "sys"])
        let mounts = try thread.run({ () throws(Errno) in
            try Directory(path: "/proc/thread-self").open("mounts").readAll(limit: 9999)
        })
        #expect(mounts.split(separator: 10).count == 4)
        #expect(try Directory(path: "/").names().count > 4)
    }

    @Test func `a group is made, filled, killed and removed`() throws {
        let path = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first { (try? Cgroup(path: $0).processes()) != nil }
        let parent = try Cgroup(path: #require(path))
        let name = "davit-test-\(Process.pid)"
        let group = try parent.child(name)
        defer { try? parent.removeTree(name) }
        let child = try Process.spawn(
            executable: busybox.rawValue, arguments: ["sleep", "100"], environment: [], descriptors: [],
            cgroup: group.descriptor.rawValue
        ).shared()
        #expect(try group.processes().count == 1)
        #expect(try group.isPopulated())
        #expect(throws: Errno.busy) { try parent.remove(name) }
        try group.kill()
        #expect(try child.collect(wait: true) == .signaled(9))
        try parent.removeTree(name)
        try parent.removeTree(name)
    }
}
