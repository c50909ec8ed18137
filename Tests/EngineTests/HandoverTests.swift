import Drivers
import Linux
import Model
import Testing

@testable import Engine

struct ListenAddressTests {
    @Test(arguments: [
        ("tcp:0.0.0.0:80", ListenAddress.tcp(address: "0.0.0.0", port: 80)),
        ("tcp:8080", .tcp(address: "0.0.0.0", port: 8080)), ("udp:127.0.0.1:53", .udp(address: "127.0.0.1", port: 53)),
        ("tcp:[::1]:443", .tcp(address: "::1", port: 443)), ("unix:/run/x.sock", .unix(path: "/run/x.sock")),
        ("tcp", nil), ("tcp:", nil), ("tcp:localhost:80", nil), ("tcp:1.2.3.4:0", nil), ("tcp:1.2.3.4:65536", nil),
        ("unix:x", nil), ("unix:", nil), ("sctp:1.2.3.4:5", nil), ("", nil),
        ("unix:/" + String(repeating: "x", count: 107), nil),
    ])
    func `an address is read as it is written, or refused`(_ text: String, _ address: ListenAddress?) {
        #expect(ListenAddress(text) == address)
    }
}

struct HandoverTests {
    private func run(_ spec: ContainerSpec, _ world: World) async throws -> String {
        let view = try await world.engine.create(spec)
        return try await world.engine.start(view.id.description).id.description
    }

    private func freePort() throws -> UInt16 {
        while true {
            let port = UInt16.random(in: 20000...50000)
            if (try? InternetSocket.listen(.stream, address: "127.0.0.1", port: port)) != nil { return port }
        }
    }

    // MARK: Sockets

    @Test func `a socket stays open between two runs and goes with its container`() async throws {
        try await withWorld { world in
            let address = "tcp:127.0.0.1:\(try freePort())"
            var spec = try ContainerSpec.test("first")
            spec.listen = [ListenSpec(address: address, name: "http")]
            let first = try await run(spec, world)
            spec.name = try ContainerName("second")
            let second = try await world.engine.create(spec).id.description
            let refusal = await #expect(throws: AgentError.self) { _ = try await world.engine.start(second) }
            #expect(refusal?.code == .listenRefused)
            _ = try await world.engine.stop(first, grace: 0)
            await #expect(throws: AgentError.self) { _ = try await world.engine.start(second) }
            try await world.engine.remove(first, force: false)
            _ = try await world.engine.start(second)
            try await world.engine.remove(second, force: true)
            try await world.assertNothingRuns()
        }
    }

    @Test func `an agent that comes back opens the sockets of what rests again`() async throws {
        try await withWorld { world in
            let port = try freePort()
            var spec = try ContainerSpec.test("rests")
            spec.listen = [ListenSpec(address: "tcp:127.0.0.1:\(port)")]
            let id = try await run(spec, world)
            spec.name = try ContainerName("never-ran")
            spec.listen = [ListenSpec(address: "unix:" + world.directory + "/x.sock")]
            _ = try await world.engine.create(spec)
            _ = try await world.engine.stop(id, grace: 0)
            try await world.assertNothingRuns()
            try await world.engine.loseListeners(of: id)
            world.leave()
            try InternetSocket.listen(.stream, address: "127.0.0.1", port: port).shutdown(2)

            let after = try World(of: world)
            await after.engine.recover()
            #expect(throws: Errno.addressInUse) {
                _ = try InternetSocket.listen(.stream, address: "127.0.0.1", port: port)
            }
            #expect(try world.names(".").contains("x.sock") == false)
            try await after.engine.remove(id, force: false)
            after.leave()
        }
    }

    @Test func `a dead Unix socket makes room, any other file does not`() async throws {
        try await withWorld { world in
            let path = world.directory + "/x.sock"
            _ = try UnixSocket.listen(path)
            var spec = try ContainerSpec.test("server")
            spec.listen = [ListenSpec(address: "unix:" + path)]
            let id = try await run(spec, world)
            #expect((try? UnixSocket.connectAtOnce(path)) != nil)
            try await world.engine.remove(id, force: true)
            let directory = try Directory(path: world.directory)
            #expect(try directory.statusIfPresent("x.sock") == nil)
            try directory.replaceFile("x.sock", [1])
            await #expect(throws: AgentError.self) { _ = try await run(spec, world) }
            #expect(try directory.read("x.sock", limit: 10) == [1])
        }
    }

    // MARK: Credentials

    private func spec(_ name: String, source: String? = nil) throws -> ContainerSpec {
        var spec = try ContainerSpec.test("keeper")
        spec.credentials = [CredentialSpec(name: name, source: source)]
        return spec
    }

    @Test func `a credential lies in its container's home and in no record`() async throws {
        try await withWorld { world in
            let secret = "correct horse battery staple"
            let id = try await world.engine.create(
                spec("password"), credentials: ["password": Array(secret.utf8)]
            ).id.description
            let home = try Directory(path: "\(world.directory)/state/containers/\(id)")
            let file = try home.directory("credentials").status("password")
            #expect(file.mode == 0o400)
            #expect(try home.status("credentials").mode == 0o700)
            let record = String(decoding: try home.read("container.json", limit: 1 << 20), as: UTF8.self)
            #expect(record.contains("password") && !record.contains("horse"))
            _ = try await world.engine.start(id)
            #expect(!"\(try await world.engine.get(id))".contains("horse"))
            try await world.engine.remove(id, force: true)
            #expect(try world.names("state/containers").isEmpty)
        }
    }

    @Test func `what is missing, unknown or too large is refused before anything is made`() async throws {
        try await withWorld { world in
            let cases: [(ContainerSpec, [String: [UInt8]], ErrorCode)] = [
                (try spec("a"), [:], .credentialMissing), (try spec("a"), ["b": [1]], .requestInvalid),
                (try spec("a", source: "/etc/hostname"), ["a": [1]], .requestInvalid),
                (try spec("a"), ["a": [UInt8](repeating: 0, count: (1 << 20) + 1)], .requestInvalid),
                (try spec("../a"), ["../a": [1]], .requestInvalid),
                (try spec("a", source: "x"), [:], .requestInvalid),
            ]
            for (spec, contents, code) in cases {
                let error = await #expect(throws: AgentError.self) {
                    _ = try await world.engine.create(spec, credentials: contents)
                }
                #expect(error?.code == code)
            }
            #expect(try world.names("state/containers").isEmpty)
        }
    }

    @Test func `a file of the host is read at each start, and its absence is told`() async throws {
        try await withWorld { world in
            let id = try await world.engine.create(spec("a", source: world.directory + "/a")).id.description
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.start(id) }
            #expect(error?.code == .credentialMissing)
            try Directory(path: world.directory).replaceFile("a", [1])
            _ = try await world.engine.start(id)
            try await world.engine.remove(id, force: true)
        }
    }

    @Test func `the files are the program's own and nobody can write them`() throws {
        let files = try CredentialFiles([("a", [1, 2, 3]), ("empty", [])])
        try files.give(to: (7, 8), of: IDRange(base: 524_288, count: 65536))
        let targets = files.mounts.map(\.target)
        #expect(targets == ["/run/credentials/davit", "/run/secrets"])
        for planned in files.mounts {
            guard case .mount(let descriptor) = planned.source else { throw Errno.invalid }
            let directory = Directory(descriptor)
            let status = try directory.status("a")
            #expect([status.uid, status.gid, status.mode] == [524_295, 524_296, 0o400])
            #expect(try directory.open(".", .directory).status().mode == 0o500)
            #expect(try directory.read("a", limit: 10) == [1, 2, 3])
            #expect(throws: Errno.readOnlyFileSystem) { _ = try directory.open("b", [.writeOnly, .create]) }
        }
    }

    @Test func `what is handed over takes the place of what the image sets`() {
        var handover = Handover()
        handover.environment = [("LISTEN_FDS", "1")]
        let root = Descriptor(owning: -1)
        var request = PlanRequest(
            container: .random(),
            process: ProcessSpec(
                arguments: ["x"], environment: ["A=1", "LISTEN_FDS=9", "LISTEN_FDS_X=2"], workingDirectory: "/",
                user: "", hostname: "h", readOnlyRoot: false), limits: Limits(), ids: nil, network: .born,
            root: root, files: root)
        handover.extend(&request)
        #expect(request.process.environment == ["A=1", "LISTEN_FDS_X=2", "LISTEN_FDS=1"])
    }
}

extension Engine {
    /// As when the agent dies: nobody has a copy, not even a child that another test is just starting.
    fileprivate func loseListeners(of name: String) throws {
        let container = try find(name)
        for listener in container.listeners { try listener.shutdown(2) }
        container.listeners = []
    }
}
