import CLinux
import Linux
import Testing

private let isRoot = (try? PeerCredentials(of: SocketPair(.stream).a))?.uid == 0

/// Walls that can't be taken down: each is put around a process of its own.
@Suite(.enabled(if: Landlock.version > 0, "needs Landlock"))
struct LandlockTests {
    @Test func `only what is named can be read, and nothing be written or made`() async {
        await #expect(processExitsWith: .success) {
            let root = try Directory(path: "/")
            let held = try root.open("bin/sh")
            #expect(davit_no_new_privileges() == 0)
            #expect(try Landlock.confine(reading: [root.directory("etc")], binding: 53, connecting: 53))
            #expect(try !root.read("etc/passwd", limit: 1 << 20).isEmpty)
            #expect(throws: Errno.accessDenied) { _ = try root.open("bin/sh") }
            #expect(throws: Errno.accessDenied) { _ = try root.open("etc/passwd", .writeOnly) }
            #expect(throws: Errno.accessDenied) { try root.makeDirectory("tmp/davit-test-landlock") }
            // What was open before stays so.
            #expect(try held.read(upTo: 4).count == 4)
        }
    }

    @Test(.enabled(if: isRoot && Landlock.version >= 4, "needs root and Landlock with ports"))
    func `TCP is bound and connected at no other ports`() async {
        await #expect(processExitsWith: .success) {
            // CLONE_NEWNET: nobody else has a port there.
            #expect(davit_unshare(0x4000_0000) == 0 && davit_loopback_up() == 0)
            #expect(davit_no_new_privileges() == 0)
            let port: UInt16 = 53
            #expect(try Landlock.confine(reading: [], binding: port, connecting: port))
            let there = try InternetSocket.listen(.stream, address: "127.0.0.1", port: port)
            let client = try InternetSocket.stream(for: "127.0.0.1")
            try client.connect(to: "127.0.0.1", port: port, until: .now.advanced(by: .seconds(10)))
            #expect(throws: Errno.accessDenied) {
                try InternetSocket.listen(.stream, address: "127.0.0.1", port: port + 1)
            }
            #expect(throws: Errno.accessDenied) {
                try InternetSocket.stream(for: "127.0.0.1")
                    .connect(to: "127.0.0.1", port: port + 1, until: .now.advanced(by: .seconds(10)))
            }
            withExtendedLifetime(there) {}
        }
    }
}
