import JSON
import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Names of containers` {
    private func withBoard(_ body: (World, NameBoard) async throws -> Void) async throws {
        try await withWorld { world in
            let run = try Directory(path: world.directory).directory("run")
            let board = try NameBoard(run: run) {}
            let named = try World(of: world, names: board)
            try await body(named, board)
            named.leave()
        }
    }

    private func entries(_ world: World) throws -> [String] {
        try world.names("run/names/entries").map { file in
            let bytes = try Directory(path: world.directory).read("run/names/entries/\(file)", limit: 4096)
            let entry = try JSONValue(parsing: bytes)
            let names = entry["names"]?.array?.compactMap(\.string) ?? []
            return "\(names.filter { $0.utf8.count < 12 }.joined(separator: " ")) \(entry["network"]?.string ?? "")"
        }
    }

    @Test func `they are told as long as it runs, for each network, after a rename too`() async throws {
        try await withBoard { world, _ in
            for name in ["web", "back"] {
                _ = try await world.engine.createNetwork(NetworkSpec(name: NetworkName(name), driver: "lan"))
            }
            var spec = try ContainerSpec.test("a")
            (spec.network, spec.networks) = ("web", [NetworkConnection("web"), NetworkConnection("back")])
            spec.networks?[0].aliases = ["db"]
            _ = try await world.engine.create(spec)
            _ = try await world.engine.start("a")
            #expect(Set(try entries(world)) == ["a db web", "a back"])
            _ = try await world.engine.rename("a", to: ContainerName("b"))
            #expect(Set(try entries(world)) == ["b db web", "b back"])
            _ = try await world.engine.disconnect("b", from: "back")
            #expect(try entries(world) == ["b db web"])
            _ = try await world.engine.stop("b", grace: 0)
            try await world.settled { try entries(world).isEmpty }
        }
    }

    @Test func `what an earlier agent told stays untouched, unless it is no more`() async throws {
        try await withBoard { world, board in
            for owner in ["gone", "0000000000000000"] {
                try board.post(NameBoard.Entry(owner: owner, network: "web", names: ["x"], addresses: []))
            }
            try board.post(NameBoard.Network(name: "web", listen: [], subnets: [], forward: true))
            try board.keep(networks: ["web"], entries: [NameBoard.key("0000000000000000", on: "web")])
            #expect(try entries(world) == ["x web"])
            let networks = try world.names("run/names/networks")
            #expect(networks == ["web.json"])
            await world.engine.announceAll()
            #expect(try entries(world) == [])
        }
    }

    @Test func `a name server that can't listen is not waited for, and containers get the host's servers`() async throws
    {
        try await withBoard { world, board in
            let status = #"{"pid":1,"listening":["10.9.0.1"],"failed":[{"address":"10.9.0.2","error":"EADDRINUSE"}]}"#
            #expect(!board.hasWord(of: ["10.9.0.1"]) && board.listening(of: ["10.9.0.1"]).isEmpty)
            try Directory(path: world.directory).replaceFile("run/names/status.json", Array(status.utf8))
            #expect(board.hasWord(of: ["10.9.0.1", "10.9.0.2"]) && !board.hasWord(of: ["10.9.0.3"]))
            #expect(board.listening(of: ["10.9.0.2", "10.9.0.1"]) == ["10.9.0.1"])
        }
    }

    @Test func `what the name server says of itself is never read in part`() async throws {
        try await withBoard { world, board in
            let place = try Directory(path: world.directory).directory("run/names")
            let file = try place.open("status.json", [.writeOnly, .create]).shared()
            // As it does it: in place, and never shorter; now with more in it, now with less.
            let texts = [1, 400].map { count in
                let addresses = ["10.9.0.1"] + (1..<count).map { "10.8.\($0 / 250).\($0 % 250)" }
                let list = addresses.map { "\"\($0)\"" }.joined(separator: ",")
                return Array(#"{"pid":1,"listening":[\#(list)],"failed":[]}"#.utf8)
            }
            let size = texts.map(\.count).max() ?? 0
            let padded = texts.map { $0 + [UInt8](repeating: 0x20, count: size - $0.count) }
            try file.write(padded[0], at: 0)
            let writer = Task.detached {
                while !Task.isCancelled {
                    for text in padded { try file.write(text, at: 0) }
                    await Task.yield()
                }
            }
            var missed = 0
            for _ in 0..<3000 where board.listening(of: ["10.9.0.1"]) != ["10.9.0.1"] { missed += 1 }
            writer.cancel()
            try await writer.value
            #expect(missed == 0)
        }
    }

    @Test func `its own servers are told beside its names`() async throws {
        try await withBoard { world, _ in
            _ = try await world.engine.createNetwork(NetworkSpec(name: NetworkName("web"), driver: "lan"))
            var spec = try ContainerSpec.test("a")
            (spec.network, spec.dns) = ("web", DNSSpec(servers: ["192.0.2.1", "192.0.2.2"], search: ["corp"]))
            _ = try await world.engine.create(spec)
            _ = try await world.engine.start("a")
            let file = try #require(try world.names("run/names/entries").first)
            let bytes = try Directory(path: world.directory).read("run/names/entries/\(file)", limit: 4096)
            #expect(try JSONValue(parsing: bytes)["servers"] == ["192.0.2.1", "192.0.2.2"])
            // Nobody listens: it asks them itself.
            #expect(try world.etc("resolv.conf") == "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch corp\n")
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { try world.names("run/containers").isEmpty }
            let status = #"{"pid":1,"listening":["10.9.0.1"],"failed":[]}"#
            try Directory(path: world.directory).replaceFile("run/names/status.json", Array(status.utf8))
            _ = try await world.engine.start("a")
            #expect(try world.etc("resolv.conf") == "nameserver 10.9.0.1\nsearch davit.internal corp\n")
        }
    }
}

extension World {
    /// The text of a file that the one container which runs got for /etc.
    func etc(_ file: String) throws -> String {
        let id = try names("run/containers").first ?? ""
        let bytes = try Directory(path: directory).read("run/containers/\(id)/etc/\(file)", limit: 1 << 16)
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite struct `The file for the resolver` {
    static let host =
        "# made by hand\nsearch example.org corp\nnameserver 192.0.2.1\noptions edns0 trust-ad\nsortlist 1.2.3.4\n"

    private func text(_ wishes: DNSSpec?, servers: [String] = [], host: String = host) -> String {
        ResolvConf(host: host, wishes: wishes, servers: servers).text
    }

    @Test func `has the network's server first and the host's words`() {
        let servers = "nameserver 10.88.0.1\nnameserver fd00::1\n"
        let rest = "search davit.internal example.org corp\noptions edns0 trust-ad\nsortlist 1.2.3.4\n"
        #expect(text(nil, servers: ["10.88.0.1", "fd00::1"]) == servers + rest)
        #expect(text(nil, servers: ["10.88.0.1"], host: "") == "nameserver 10.88.0.1\nsearch davit.internal\n")
        #expect(text(nil) == Self.host && text(DNSSpec()) == Self.host)
    }

    @Test func `has what the container wants in the place of the host's words`() {
        let wishes = DNSSpec(
            servers: (1...4).map { "198.51.100.\($0)" }, search: ["a.example"], options: ["ndots:2", "rotate"])
        let rest = "a.example\noptions ndots:2 rotate\nsortlist 1.2.3.4\n"
        #expect(text(wishes, servers: ["10.88.0.1"]) == "nameserver 10.88.0.1\nsearch davit.internal \(rest)")
        let listed = (1...3).map { "nameserver 198.51.100.\($0)\n" }.joined()
        #expect(text(wishes) == "\(listed)search \(rest)")
    }

    @Test func `loses the host's words to empty lists, and keeps those that nobody replaces`() {
        #expect(text(DNSSpec(search: [], options: [])) == "nameserver 192.0.2.1\nsortlist 1.2.3.4\n")
        let named = text(DNSSpec(search: [], options: []), servers: ["10.88.0.1"])
        #expect(named == "nameserver 10.88.0.1\nsearch davit.internal\nsortlist 1.2.3.4\n")
        #expect(
            text(DNSSpec(servers: ["::1"]), host: "domain d\nnameserver 192.0.2.1\noptions rotate")
                == "nameserver ::1\nsearch d\noptions rotate\n")
        #expect(text(DNSSpec(servers: []), host: "nameserver 192.0.2.1\n") == "nameserver 192.0.2.1\n")
    }
}
