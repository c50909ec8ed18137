import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Files of a container that joins and leaves networks` {
    private static let host = "nameserver 192.0.2.53\nsearch example.org\n"
    private static let alone = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"

    /// A world where a name server answers for `web` and `back`, and not for `wild`.
    private func withNames(_ body: (World) async throws -> Void) async throws {
        try await withWorld { world in
            let named = try World(
                of: world, names: try NameBoard(run: Directory(path: world.directory).directory("run")) {})
            named.script.with { $0.resolvConf = Self.host }
            let status = #"{"pid":1,"listening":["10.9.0.1","10.8.0.1"],"failed":[{"address":"10.7.0.1","error":"x"}]}"#
            try Directory(path: world.directory).replaceFile("run/names/status.json", Array(status.utf8))
            for (name, gateway) in [("web", "10.9.0.1"), ("back", "10.8.0.1"), ("wild", "10.7.0.1")] {
                var spec = NetworkSpec(name: try NetworkName(name), driver: "lan")
                (spec.options, spec.isInternal) = (["gateway": gateway], name == "back" ? true : nil)
                _ = try await named.engine.createNetwork(spec)
            }
            try await body(named)
            named.leave()
        }
    }

    /// The files as the container has them mounted.
    private func mounted(_ world: World, _ name: String) throws -> Descriptor {
        let id = try world.names("run/containers").first ?? ""
        return try Directory(path: world.directory).open("run/containers/\(id)/etc/\(name)", [.readWrite]).shared()
    }

    private func text(_ file: Descriptor) throws -> String {
        String(decoding: try file.read(at: 0, upTo: 4096), as: UTF8.self)
    }

    private func connection(_ network: String, _ address: String? = nil) -> NetworkConnection {
        var connection = NetworkConnection(network)
        connection.addresses = address.map { [$0] }
        return connection
    }

    @Test func `one without a network finds names as soon as it has one, and has none again when that goes`()
        async throws
    {
        try await withNames { world in
            var spec = try ContainerSpec.test("a")
            spec.hostname = "box"
            _ = try await world.engine.create(spec)
            _ = try await world.engine.start("a")
            let (resolvConf, hosts) = (try mounted(world, "resolv.conf"), try mounted(world, "hosts"))
            #expect(try text(resolvConf) == "" && text(hosts) == Self.alone + "127.0.1.1 box\n")
            // What a program wrote stays.
            try hosts.write(Array("192.0.2.7 friend\n".utf8), at: hosts.status().size)
            _ = try await world.engine.connect("a", to: connection("web"))
            #expect(try text(resolvConf) == "nameserver 10.9.0.1\nsearch davit.internal example.org\n")
            #expect(try text(hosts) == Self.alone + "10.9.0.2 box\n192.0.2.7 friend\n")
            _ = try await world.engine.disconnect("a", from: "web")
            #expect(try text(resolvConf) == "" && text(hosts) == Self.alone + "127.0.1.1 box\n192.0.2.7 friend\n")
        }
    }

    @Test func `the name server is that of the first network with a way out, whichever are left`() async throws {
        try await withNames { world in
            var spec = try ContainerSpec.test("a")
            (spec.network, spec.dns) = ("back", DNSSpec(servers: ["192.0.2.1"], search: []))
            _ = try await world.engine.create(spec)
            _ = try await world.engine.start("a")
            let resolvConf = try mounted(world, "resolv.conf")
            func server() throws -> String { try text(resolvConf).split(separator: "\n").first.map(String.init) ?? "" }
            #expect(try text(resolvConf) == "nameserver 10.8.0.1\nsearch davit.internal\n")
            _ = try await world.engine.connect("a", to: connection("web", "10.9.0.3"))
            #expect(try server() == "nameserver 10.9.0.1")
            _ = try await world.engine.connect("a", to: connection("wild", "10.7.0.3"))
            #expect(try server() == "nameserver 10.9.0.1")
            _ = try await world.engine.disconnect("a", from: "web")
            #expect(try server() == "nameserver 10.8.0.1")
            _ = try await world.engine.disconnect("a", from: "back")
            #expect(try text(resolvConf) == "nameserver 192.0.2.1\n")
        }
    }

    @Test func `who shares the network has the same, and a connection that fails changes nothing`() async throws {
        try await withNames { world in
            _ = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            var guest = try ContainerSpec.test("guest")
            guest.network = "container:a"
            _ = try await world.engine.create(guest)
            _ = try await world.engine.start("guest")
            func all(_ file: String) throws -> Set<String> {
                let root = try Directory(path: world.directory)
                return Set(
                    try world.names("run/containers").map {
                        String(decoding: try root.read("run/containers/\($0)/etc/\(file)", limit: 4096), as: UTF8.self)
                    })
            }
            let before = try all("hosts")
            world.script.fail("attach back eth0 beside out")
            _ = await #expect(throws: AgentError.self) {
                _ = try await world.engine.connect("a", to: connection("back"))
            }
            #expect(try all("hosts") == before && all("resolv.conf") == [""])
            _ = try await world.engine.connect("a", to: connection("web"))
            #expect(try all("resolv.conf") == ["nameserver 10.9.0.1\nsearch davit.internal example.org\n"])
            let hosts = try all("hosts")
            #expect(hosts.count == 1 && hosts.first?.contains("\n10.9.0.2 ") == true)
            _ = try await world.engine.disconnect("a", from: "web")
            #expect(try all("hosts") == before && all("resolv.conf") == [""])
            // A guest that spoils its files spoils no connection.
            let id = try await world.engine.get("guest").id
            let file = try Directory(path: world.directory).open("run/containers/\(id)/etc/hosts", [.writeOnly])
            try file.truncate(to: 2 << 20)
            _ = try await world.engine.connect("a", to: connection("web"))
            #expect(try all("resolv.conf") == ["nameserver 10.9.0.1\nsearch davit.internal example.org\n"])
            #expect(world.script.complaints.map(\.code) == [.hostFailed])
        }
    }

    @Test func `a connection whose files can't be written is taken back`() async throws {
        try await withNames { world in
            _ = try await world.engine.create(.test("a"))
            let before = try await world.engine.start("a")
            let hosts = try mounted(world, "hosts")
            try hosts.truncate(to: 2 << 20)
            _ = await #expect(throws: AgentError.self) {
                _ = try await world.engine.connect("a", to: connection("web"))
            }
            #expect(try await world.engine.get("a") == before)
            #expect(world.script.deeds.last == "detach web living")
            #expect(try text(mounted(world, "resolv.conf")) == "")
        }
    }
}
