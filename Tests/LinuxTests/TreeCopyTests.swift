import Linux
import TestSupport
import Testing

private let isRoot = (try? PeerCredentials(of: SocketPair(.stream).a))?.uid == 0

/// Copies made of what a shell made, and compared by one.
@Suite(.enabled(if: isRoot, "needs root"))
struct TreeCopyTests {
    private final class Place {
        let path = "/tmp/davit-test-copy-\(Process.pid)-\(Clock.monotonic)"
        let from: Directory
        let to: Directory

        init() throws {
            let here = try Directory(path: "/tmp").makeDirectories(String(path.dropFirst(5)))
            from = try here.makeDirectories("from")
            to = try here.makeDirectories("to")
        }

        deinit { try? HostileTree(String(path.dropFirst(5)), in: Directory(path: "/tmp")).remove() }

        /// Runs shell in the directory that holds `from` and `to`; true when it ended well.
        func sh(_ script: String) throws -> Bool {
            let shell = try Directory(path: "/bin").open("sh")
            let child = try Process.spawn(
                executable: shell.rawValue, arguments: ["sh", "-ec", "cd \(path)\n" + script],
                environment: ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], descriptors: [],
                standard: [-1, 2, 2])
            return try child.shared().end() == .exited(0)
        }
    }

    /// What rsync and find say of a tree's names, kinds, modes, owners, sizes, times and link texts.
    private static let listing = "find . -printf '%P %y %m %U %G %s %n %l %T@\\n' | grep -v '^ ' | sort"

    private static let contents: [(name: String, script: String)] = [
        ("files and directories", "mkdir -p a/b/c; echo one >a/one; echo two >a/b/two; : >empty"),
        ("modes", "echo x >suid; chown 33:44 suid; chmod 4751 suid; mkdir sticky; chmod 1777 sticky; chmod 700 ."),
        ("owners", "mkdir d; echo x >d/f; chown -R 33:44 d; chown 7:8 ."),
        ("times", "mkdir d; echo x >d/f; touch -d '2001-02-03 04:05:06.789' d/f; touch -d '1999-01-01' d"),
        ("links", "ln -s /etc/passwd absolute; ln -s ../../up relative; ln -s gone gone; chown -h 5:6 gone"),
        ("hard links", "mkdir d; echo x >one; ln one d/two; ln one three; ln -s x link; ln link link2"),
        ("a FIFO", "mkfifo -m 640 pipe; chown 3:4 pipe"),
        ("names that are no text", "printf x >\"$(printf 'a\\377b')\"; mkdir \"$(printf '\\200')\"; : >' '"),
        ("many files", "i=0; while [ $i -lt 600 ]; do : >f$i; i=$((i + 1)); done"),
    ]

    @Test(arguments: contents.indices)
    func `a copy looks like its source`(index: Int) throws {
        let place = try Place()
        #expect(try place.sh("cd from\n" + Self.contents[index].script))
        try TreeCopy.copy(place.from, into: place.to)
        #expect(
            try place.sh(
                """
                (cd from; \(Self.listing)) >was; (cd to; \(Self.listing)) >is; diff was is >&2
                (cd from; find . -type f -exec cksum {} + | sort) >was
                (cd to; find . -type f -exec cksum {} + | sort) >is; diff was is >&2
                """))
        #expect(try place.to.descriptor.status().mode == place.from.descriptor.status().mode)
        #expect(try place.to.descriptor.status().uid == place.from.descriptor.status().uid)
    }

    @Test func `hard links stay one file`() throws {
        let place = try Place()
        #expect(try place.sh("cd from; mkdir d; echo x >one; ln one d/two; ln one three"))
        try TreeCopy.copy(place.from, into: place.to)
        let one = try place.to.status("one")
        #expect(one.links == 3)
        #expect(try place.to.directory("d").status("two").inode == one.inode)
    }

    @Test func `attributes come along, and overlayfs' own do not`() throws {
        let place = try Place()
        #expect(
            try place.sh(
                """
                cd from; cp /bin/true f; setcap cap_net_bind_service=ep f; setfattr -n user.x -v y f
                mkdir d; setfattr -n user.z -v 1 d; setfattr -n trusted.overlay.opaque -v y d
                """))
        try TreeCopy.copy(place.from, into: place.to)
        #expect(
            try place.sh(
                """
                cd to; getcap f | grep -q cap_net_bind_service; getfattr -n user.x f | grep -q y
                getfattr -n user.z d | grep -q 1; ! getfattr -n trusted.overlay.opaque d
                """))
    }

    @Test func `holes stay holes`() throws {
        let place = try Place()
        #expect(try place.sh("cd from; truncate -s 64M f; printf x | dd of=f bs=1 seek=33554432 conv=notrunc"))
        try TreeCopy.copy(place.from, into: place.to)
        #expect(try place.sh("cmp from/f to/f; [ $(stat -c %b to/f) -lt 1024 ]"))
    }

    @Test func `links lead nowhere, sockets and devices are left out`() throws {
        let place = try Place()
        #expect(
            try place.sh(
                """
                mkdir precious; echo secret >precious/file; cd from; ln -s ../precious d; ln -s ../precious/file f
                mknod null c 1 3; mknod null2 c 1 3; ln null null3
                """))
        try TreeCopy.copy(place.from, into: place.to)
        #expect(try place.to.status("d").kind == .symbolicLink)
        #expect(try place.to.status("f").kind == .symbolicLink)
        #expect(try place.to.names().sorted() == ["d", "f"])
    }

    @Test func `a tree too deep is refused, and one less deep copied`() throws {
        for (depth, fits) in [(400, true), (600, false)] {
            let place = try Place()
            var here = place.from
            for _ in 0..<depth {
                try here.makeDirectory("d")
                here = try here.directory("d")
            }
            if fits {
                try TreeCopy.copy(place.from, into: place.to)
            } else {
                #expect(throws: Errno.nameTooLong) { try TreeCopy.copy(place.from, into: place.to) }
            }
        }
    }

    @Test func `what is not empty is not written over`() throws {
        let place = try Place()
        #expect(try place.sh("echo new >from/f; ln -s /etc/passwd to/f"))
        #expect(throws: Errno.exists) { try TreeCopy.copy(place.from, into: place.to) }
        #expect(try place.to.status("f").kind == .symbolicLink)
    }

    // MARK: Where a file lies

    @Test func `the mount of a file is found`() throws {
        let proc = try #require(try HostMount(of: Directory(path: "/proc/self").descriptor))
        #expect(proc.fileSystem == "proc")
        #expect(proc.point == "/proc")
        #expect(try HostMount.below("/").contains { $0.point == "/proc" })
        #expect(try !HostMount.below("/pro").contains { $0.point == "/proc" })
    }

    @Test func `an open file knows where it is`() throws {
        let place = try Place()
        #expect(try place.from.descriptor.currentPath() == place.path + "/from")
        try Directory(path: place.path).rename("from", to: "moved")
        #expect(try place.from.descriptor.currentPath() == place.path + "/moved")
    }
}
