import ContainerNetwork
import Linux
import Model
import Netlink
import Testing

@testable import NetworkBridge

@Suite struct LeaseTests {
    @Test func `the lowest is given, and one given back rests until there is no other`() {
        var leases = Leases(2...5)
        let first = (0..<3).map { _ in leases.take() }
        #expect(first == [2, 3, 4])
        leases.giveBack(2)
        leases.giveBack(2)
        let fresh = leases.take()
        #expect(fresh == 5)
        leases.giveBack(4)
        let rested = (0..<3).map { _ in leases.take() }
        #expect(rested == [2, 4, nil])
        #expect(leases.count == 4 && leases.capacity == 4)
    }

    @Test func `a number of before is taken once, and one beyond those that are given is never given`() {
        var leases = Leases(2...5)
        let answers = [3, 3, 6].map { leases.take($0) }
        #expect(answers == [true, false, true])
        leases.giveBack(6)
        let rest = (0..<3).map { _ in leases.take() }
        #expect(rest == [2, 4, 5])
    }
}

@Suite struct PlanTests {
    private func plan(_ subnets: [String], _ range: String? = nil, first: UInt32 = 2) throws -> AddressPlan {
        AddressPlan(
            network: try NetworkName("web"), subnets: try subnets.map { try #require(IPPrefix($0)) },
            range: range.flatMap { IPPrefix($0) }, first: first)
    }

    @Test(
        arguments: [
            (["10.1.0.0/29"], nil, 2...6), (["10.1.0.0/20", "fd00::/64"], nil, 2...4094),
            (["10.0.0.0/8"], nil, 2...65534),
            (["10.0.0.0/8"], "10.2.0.0/30", 131072...131075), (["10.1.0.0/24"], "10.1.0.0/25", 2...127),
            (["10.1.0.0/24"], "10.1.0.128/25", 128...254), (["fd00::/64"], nil, 2...65534),
            (["fd00::/112"], nil, 2...65534), (["fd00::/64"], "fd00::1:0/112", 65536...131068),
        ] as [([String], String?, ClosedRange<UInt32>)])
    func `numbers are chosen from the range, and no more than 65533`(
        _ subnets: [String], _ range: String?, _ hosts: ClosedRange<UInt32>
    ) throws { #expect(try plan(subnets, range).hosts == hosts) }

    @Test func `what is somebody else's is not chosen, nor given to who asks for it`() throws {
        let plan = try plan(["10.1.0.0/29", "fd00::/64"], first: 1)
        var leases = Leases(plan.hosts)
        let others = Set(["10.1.0.1", "fd00::2"].compactMap { IPAddress($0) })
        #expect(
            try plan.lease([], from: &leases, besides: others).addresses.map(\.description) == [
                "10.1.0.3/29", "fd00::3/64",
            ])
        let taken = #expect(throws: AgentError.self) {
            try plan.lease([.v4(0x0A01_0001)], from: &leases, besides: others)
        }
        #expect(taken?.code == .addressInUse)
        // The other version's same number is somebody else's.
        let mixed = try plan.lease([.v4(0x0A01_0002)], from: &leases, besides: others)
        #expect(mixed.addresses.map(\.description) == ["10.1.0.2/29", "fd00::4/64"])
        #expect(mixed.numbers == [2, 4] && leases.count == 3)
    }

    @Test func `who asks for too much has taken nothing`() throws {
        let plan = try plan(["10.1.0.0/29", "fd00::/64"])
        var leases = Leases(plan.hosts)
        _ = try plan.lease([.v4(0x0A01_0003)], from: &leases)
        let (free, held) = (IPAddress("fd00::5"), IPAddress("10.1.0.3"))
        let refused = #expect(throws: AgentError.self) {
            try plan.lease([free, held].compactMap(\.self), from: &leases)
        }
        #expect(refused?.code == .addressInUse && leases.count == 1)
        #expect(
            try plan.lease([free].compactMap(\.self), from: &leases).addresses.map(\.description) == [
                "10.1.0.2/29", "fd00::5/64",
            ])
    }
}

@Suite struct SubnetTests {
    private let supernet = IPPrefix("10.88.0.0/14")

    private func route(_ text: String) throws -> TakenRoute {
        TakenRoute(destination: try #require(IPPrefix(text)), link: "eth0")
    }

    @Test func `the first network that no route overlaps is chosen`() throws {
        let everything = try route("0.0.0.0/0")
        #expect(
            try SubnetChoice.subnet(nil, of: supernet, length: 20, besides: [everything]).description == "10.88.0.0/20")
        let taken = [try route("10.88.3.0/24"), try route("10.88.16.0/20"), everything]
        #expect(try SubnetChoice.subnet(nil, of: supernet, length: 20, besides: taken).description == "10.88.32.0/20")
    }

    @Test func `a wish that overlaps is refused, and so is a host without a free one`() throws {
        let wish = try #require(IPPrefix("172.20.0.0/24"))
        #expect(try SubnetChoice.subnet(wish, of: supernet, length: 20, besides: [try route("172.21.0.0/16")]) == wish)
        let error = #expect(throws: AgentError.self) {
            try SubnetChoice.subnet(wish, of: supernet, length: 20, besides: [try route("172.16.0.0/12")])
        }
        #expect(error?.message.contains("172.20.0.0/24 overlaps the host's route to 172.16.0.0/12 by eth0") == true)
        let full = #expect(throws: AgentError.self) {
            try SubnetChoice.subnet(nil, of: supernet, length: 20, besides: [try route("10.0.0.0/8")])
        }
        #expect(full?.code == .networkExhausted)
        #expect(full?.cause == ["the routes are 10.0.0.0/8 by eth0"])
    }

    @Test func `the network of version 6 is unique local, lasting, and another for each machine and bridge`() throws {
        let one = try #require(SubnetChoice.unique(machine: [1, 2, 3], bridge: "davit0"))
        #expect(one == SubnetChoice.unique(machine: [1, 2, 3], bridge: "davit0"))
        #expect(one.description.hasPrefix("fd") && one.length == 64 && one.network == one)
        let other = try #require(SubnetChoice.unique(machine: [1, 2, 4], bridge: "davit0"))
        #expect(other.address.bytes[1..<6] != one.address.bytes[1..<6])
        let second = try #require(SubnetChoice.unique(machine: [1, 2, 3], bridge: "davit1"))
        #expect(second != one && second.address.bytes[1..<6] == one.address.bytes[1..<6])
    }
}

@Suite struct SettingTests {
    @Test func `every key has a default`() throws {
        let settings = try BridgeSettings(BridgeConfiguration())
        #expect(settings.bridge == "davit0" && settings.subnet == nil && settings.subnet6 == .derived)
        #expect(settings.publish == .everywhere && settings.pool == 4 && !settings.isInternal)
    }

    private func changed(_ change: (inout BridgeConfiguration) -> Void) -> BridgeConfiguration {
        var configuration = BridgeConfiguration()
        change(&configuration)
        return configuration
    }

    @Test func `what can't be is refused with the key and the value`() {
        let wrong: [(String, (inout BridgeConfiguration) -> Void)] = [
            ("bridge \"\"", { $0.bridge = "" }), ("bridge \"a/b\"", { $0.bridge = "a/b" }),
            ("bridge \"all\"", { $0.bridge = "all" }), ("subnet \"10.0.0.1/24\"", { $0.subnet = "10.0.0.1/24" }),
            ("subnet \"fd00::/64\"", { $0.subnet = "fd00::/64" }), ("subnet6 \"no\"", { $0.subnet6 = "no" }),
            ("mtu 500", { $0.mtu = 500 }), ("pool -1", { $0.pool = -1 }),
            ("publish_address \"home\"", { $0.publishAddress = "home" }),
        ]
        for (text, change) in wrong {
            let configuration = changed(change)
            let error = #expect(throws: AgentError.self) { try BridgeSettings(configuration) }
            #expect(error?.code == .configInvalid)
            #expect(error?.message.contains(text) == true)
        }
    }
}

@Suite struct ResolverTests {
    private func text(_ content: String) throws -> String {
        let directory = try Directory(path: "/tmp")
        let name = "davit-test-resolv-\(UInt64.random(in: 0 ... .max))"
        try directory.replaceFile(name, Array(content.utf8))
        defer { try? directory.remove(name) }
        return try ResolverFile(path: "/tmp/\(name)").text()
    }

    @Test func `servers on the host's loopback and at its links are left out`() throws {
        let content = "# made by hand\nsearch example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n"
        #expect(
            try text(content + "nameserver fe80::1%eth0\nnameserver ::1\noptions edns0\n")
                == "search example.org\nnameserver 192.0.2.1\noptions edns0\n")
    }

    @Test func `a file that no resolver reads is refused`() {
        let error = #expect(throws: AgentError.self) { try text(String(repeating: "x", count: 100_000)) }
        #expect(error?.code == .driverFailed)
    }
}

@Suite struct RuleTextTests {
    @Test func `the table is as many rules for nothing as for much`() throws {
        let bridge = Bridge(
            network: try World.bridge, name: "davit0", index: 3, mac: try #require(MACAddress("02:00:00:00:00:01")),
            mtu: 1500, subnet: try #require(IPPrefix("10.88.0.0/20")), subnet6: IPPrefix("2001:db8:1::/64"), range: nil,
            isInternal: false, isIsolating: false, isRouted: false, translatesSix: false, group: 7)
        let rules = BridgeRules([bridge])
        let port = PublishedPort(
            place: .at(.v4(0x7F00_0001)), transport: .tcp, hostPort: 8080, target: .v4(0x0A58_0002), containerPort: 80)
        let (empty, full) = (rules.table([]), rules.table([port]))
        #expect(empty.chains == full.chains)
        #expect(full.description.contains("elements = { 127.0.0.1 . tcp . 8080 : 10.88.0.2 . 80 }"))
        #expect(full.description.contains("iifname != \"lo\" meta nfproto ipv4 ip daddr 127.0.0.0/8 drop"))
        #expect(full.description.contains("ct status dnat accept"))
        // A network that the world has a way back to is not hidden.
        let hidden = full.maps.filter { $0.name.hasPrefix("hidden") }.map(\.elements)
        #expect(hidden == [[Ruleset.Element(bridge.subnet)], []])
        #expect(full.description.contains("oifgroup != @networks meta nfproto ipv4 ip saddr @hidden4 masquerade"))
        #expect(BridgeRules([]).table([]).chains == full.chains)
    }
}
