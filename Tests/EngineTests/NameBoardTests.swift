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

    @Test func `the file for the resolver has the network's server first and the host's words`() {
        let host = "# made by hand\nsearch example.org corp\nnameserver 192.0.2.1\noptions edns0 trust-ad\n"
        let servers = "nameserver 10.88.0.1\nnameserver fd00::1\n"
        let rest = "search davit.internal example.org corp\noptions edns0 trust-ad\n"
        #expect(NameBoard.resolvConf(host, servers: ["10.88.0.1", "fd00::1"]) == servers + rest)
        #expect(NameBoard.resolvConf("", servers: ["10.88.0.1"]) == "nameserver 10.88.0.1\nsearch davit.internal\n")
    }
}
