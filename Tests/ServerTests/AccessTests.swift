import Glibc
import JSON
import Linux
import TestSupport
import Testing

private let hasPrograms = unsafe access("/usr/bin/setpriv", X_OK) == 0 && access("/usr/bin/socat", X_OK) == 0

extension DoorTests {
    /// Another user comes to a socket that its mode lets everybody open. Needs root, setpriv and socat.
    @Suite(.enabled(if: geteuid() == 0 && hasPrograms)) struct AccessTests {
        private static let ping = Array("{\"method\":\"ping\"}\n".utf8)

        @Test func `somebody who is neither root nor in the group is told so, and sent away`() async throws {
            try await withDoor(group: "davit", mode: 0o666) { door in
                let text = try answer("-u", "UNIX-CONNECT:\(door.path)", "-")
                let reply = try JSONValue(parsing: text)
                #expect(reply["error"]?["code"] == "access.denied")
                #expect(reply["result"] == nil)
            }
        }

        @Test func `one who asks before he is refused is told so, too`() async throws {
            try await withDoor(group: "davit", mode: 0o666) { door in
                for size in [1, 1_000, 3_000, 1, 1] {
                    let ask = [[UInt8]](repeating: Self.ping, count: size).flatMap { $0 }
                    let reply = try JSONValue(parsing: answer(ask, ["-", "UNIX-CONNECT:\(door.path)"]))
                    #expect(reply["error"]?["code"] == "access.denied")
                }
            }
        }

        @Test func `a member of the group is let in`() async throws {
            try await withDoor(group: "nogroup", mode: 0o666) { door in
                let reply = try answer("-", "UNIX-CONNECT:\(door.path)")
                #expect(reply == "{\"result\":{}}")
            }
        }

        private func answer(_ streams: String...) throws -> String {
            try answer(Self.ping, streams)
        }

        @Test func `a member of the group by the last of many groups is let in`() async throws {
            try await withDoor(group: "nogroup", mode: 0o666) { door in
                let many = ((70_000..<70_300).map(String.init) + ["65534"]).joined(separator: ",")
                let reply = try answer(
                    Self.ping, ["-", "UNIX-CONNECT:\(door.path)"], groups: ["--regid=1", "--groups=\(many)"])
                #expect(reply == "{\"result\":{}}")
            }
        }

        /// What nobody, of group nogroup, is answered; without its newline.
        private func answer(
            _ ask: [UInt8], _ streams: [String], groups: [String] = ["--regid=65534", "--clear-groups"]
        ) throws -> String {
            let program = try Directory(path: "/usr/bin").open("setpriv")
            let request = try SocketPair(.stream)
            let reply = try SocketPair(.stream)
            try reply.a.setNonblocking(true)
            try request.a.send(ask)
            try request.a.shutdown(1)
            let child = try Linux.Process.spawn(
                executable: program.rawValue,
                arguments: ["setpriv", "--reuid=65534"] + groups + ["/usr/bin/socat", "-t", "10"] + streams,
                environment: [], descriptors: [], standard: [request.b.rawValue, reply.b.rawValue, 2]
            ).shared()
            try child.end()
            let bytes = try reply.a.receive(upTo: 1 << 16).0
            return String(decoding: bytes.dropLast(), as: UTF8.self)
        }
    }
}
