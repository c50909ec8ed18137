import Linux
import Testing

@testable import Netlink

extension KernelTests {
    /// A host with a container behind it: packets to the host's own address and a published port go there.
    @Suite struct `Rules` {
        private let host: FreshNetwork
        private let guest: FreshNetwork
        private let rules: NetfilterSocket
        /// Where requests come from: a third network, joined to the host by `c0`, 10.98.0.2.
        private let client: FreshNetwork

        init() throws {
            let networks = try JoinedNetworks()
            (host, guest) = (networks.host, networks.guest)
            client = try FreshNetwork()
            rules = try NetfilterSocket(in: host.namespace)
            try host.route.add(
                .veth(peer: LinkSettings(name: "eth0", index: 2, namespace: client.namespace)),
                LinkSettings(name: "c0", isUp: true))
            try host.route.add(
                InterfaceAddress(try #require(IPPrefix("10.98.0.1/24")), link: try host.index("c0")))
            try client.route.apply([
                .change(2, LinkSettings(isUp: true)),
                .address(InterfaceAddress(try #require(IPPrefix("10.98.0.2/24")), link: 2)),
            ])
            try host.waitUntilFound("c0")
            try client.waitUntilFound("eth0")
            try guest.route.add(
                Route(to: .everything(.v4), via: IPAddress("10.99.0.1"), link: try guest.index("eth0")))
            try NetworkNamespace.run(in: host.namespace) { () throws(Errno) in
                let file = try Directory(path: "/proc/sys/net/ipv4").open("ip_forward", .writeOnly)
                _ = try file.write(some: [UInt8(ascii: "1")])
            }
        }

        private static let publish = Ruleset.Map("publish", key: [.transport, .port], value: .fields([.ipv4, .port]))
        private static let table = Ruleset.TableID(.ip, "davit")

        private static func published(_ transport: Ruleset.Transport, _ port: UInt16, to inner: UInt16)
            -> Ruleset.Element
        {
            Ruleset.Element(
                [.transport(transport), .port(port)], .fields([.address(.v4(0x0A63_0002)), .port(inner)]))
        }

        private static var ruleset: Ruleset {
            let translation = Ruleset.Translation.map(
                .v4, hasPort: true, [.transport, .destinationPort], name: "publish")
            let rule = Ruleset.Rule(.match(.destinationType, .type(.local)), .counter, .destination(translation))
            return Ruleset([
                Ruleset.Table(
                    .ip, "davit", maps: [publish],
                    chains: [
                        Ruleset.Chain("prerouting", Ruleset.Base(.nat, .prerouting, priority: -100), [rule]),
                        Ruleset.Chain(
                            "postrouting", Ruleset.Base(.nat, .postrouting, priority: 100),
                            [
                                Ruleset.Rule(
                                    .match(.outputName, .field(.linkName("c0"))),
                                    .match(.source(.v4), .prefix(IPPrefix("10.99.0.0/24") ?? .everything(.v4))),
                                    .masquerade([.fullyRandom]))
                            ]),
                    ])
            ])
        }

        @Test func `a published port connects and stops when its element goes`() throws {
            try rules.write(Self.ruleset)
            #expect(try rules.tables() == [Self.table])
            #expect(try rules.chains(of: Self.table) == ["prerouting", "postrouting"])
            let listener = try guest.listen(.stream, "10.99.0.2", 80)
            #expect(throws: Errno.connectionRefused) { try client.connect("10.98.0.1", 8080) }
            let element = Self.published(.tcp, 8080, to: 80)
            try rules.add([element], to: Self.publish, in: Self.table)
            #expect(try rules.elements(of: Self.publish, in: Self.table) == [element])
            let connection = try client.connect("10.98.0.1", 8080)
            let server = try accept(listener)
            try connection.send([7])
            #expect(try server.wait(until: .now.advanced(by: .seconds(1))))
            #expect(try server.read(upTo: 9) == [7])
            try rules.delete([element], from: Self.publish, in: Self.table)
            #expect(throws: Errno.connectionRefused) { try client.connect("10.98.0.1", 8080) }
            let error = try #require(throws: NetlinkError.self) {
                try rules.delete([element], from: Self.publish, in: Self.table)
            }
            #expect(error.code == .noSuchFile)
            #expect(error.purpose == "deleting 1 elements of ip davit publish")
        }

        @Test func `writing again replaces the whole table and nothing else`() throws {
            try rules.write(Ruleset([Ruleset.Table(.inet, "other")]))
            try rules.write(Self.ruleset)
            try rules.add([Self.published(.udp, 1, to: 2)], to: Self.publish, in: Self.table)
            try rules.write(Self.ruleset)
            #expect(try rules.elements(of: Self.publish, in: Self.table).isEmpty)
            #expect(try Set(rules.tables()) == [Self.table, Ruleset.TableID(.inet, "other")])
            try rules.delete(Self.table)
            #expect(try rules.tables() == [Ruleset.TableID(.inet, "other")])
        }

        @Test func `one bad rule leaves nothing, and is told`() throws {
            var ruleset = Self.ruleset
            ruleset.tables[0].chains.append(Ruleset.Chain("bad", nil, [Ruleset.Rule(.verdict(.jump("nowhere")))]))
            let error = try #require(throws: NetlinkError.self) { try rules.write(ruleset) }
            #expect(error.code == .noSuchFile)
            #expect(error.purpose == "adding the rule \"jump nowhere\" to ip davit bad")
            #expect(error.attribute.first == .ruleExpressions || error.attribute.isEmpty)
            #expect(try rules.tables().isEmpty)
        }

        @Test func `a write with an old generation is refused`() throws {
            let generation = try rules.generation()
            try rules.write(Self.ruleset, generation: generation)
            #expect(throws: NetlinkError.self) { try rules.write(Self.ruleset, generation: generation) }
            try rules.write(Self.ruleset, generation: try rules.generation())
        }

        @Test func `every statement is taken by the kernel`() throws {
            let (four, six) = (try #require(IPPrefix("10.0.0.0/8")), try #require(IPPrefix("fd00::/8")))
            let statements: [[Ruleset.Statement]] = [
                [.match(.networkProtocol, .networkProtocol(.v4)), .match(.source(.v4), .prefix(four)), .counter],
                [
                    .match(.networkProtocol, .networkProtocol(.v6)),
                    .match(.destination(.v6), .prefix(six), inverted: true),
                ],
                [
                    .match(.transport, .field(.transport(.tcp))), .match(.sourcePort, .field(.port(5))),
                    .log(prefix: "x"),
                ],
                [.match(.mark, .field(.mark(7))), .setMark(8), .verdict(.return)],
                [.match(.connectionState, .states([.new, .invalid])), .verdict(.drop)],
                [
                    .match(.connectionStatus, .statuses([.destinationTranslated, .sourceTranslated])),
                    .verdict(.accept),
                ],
                [.isIn([.inputName], set: "names", inverted: true), .verdict(.goto("target"))],
                [.isIn([.source(.v4)], set: "ranges"), .verdict(.accept)],
                [.isIn([.source(.v4), .destinationPort], set: "pairs"), .verdict(.accept)],
                [.isIn([.source(.v6)], set: "six"), .verdict(.accept)],
                [.verdictMap([.destination(.v4), .destinationPort], map: "services")],
                [.match(.random(below: 4), .field(.number(1))), .verdict(.jump("target"))],
                [.match(.hash([.source(.v4), .sourcePort], below: 4), .field(.number(1))), .verdict(.jump("target"))],
            ]
            let maps = maps(four, six)
            let chains = [
                Ruleset.Chain("target"),
                Ruleset.Chain(
                    "forward", Ruleset.Base(.filter, .forward, priority: 0), statements.map(Ruleset.Rule.init)),
            ]
            let table = Ruleset.Table(.inet, "all", maps: maps, chains: chains)
            try rules.write(Ruleset([table]))
            for map in maps where map.key.count > 1 || !map.hasIntervals {
                #expect(try rules.elements(of: map, in: table.id) == map.elements)
            }
            let arrivals = Ruleset.Base(.filter, .ingress, priority: 0, device: "v0")
            try rules.write(Ruleset([Ruleset.Table(.netdev, "early", chains: [Ruleset.Chain("in", arrivals)])]))
        }

        /// What those statements look into.
        private func maps(_ four: IPPrefix, _ six: IPPrefix) -> [Ruleset.Map] {
            [
                Ruleset.Map("names", key: [.linkName], elements: [Ruleset.Element([.linkName("davit0")])]),
                Ruleset.Map(
                    "ranges", key: [.ipv4], hasIntervals: true,
                    elements: [Ruleset.Element(four), Ruleset.Element([.address(.v4(0xFFFF_FFFF))])]),
                Ruleset.Map(
                    "pairs", key: [.ipv4, .port], hasIntervals: true,
                    elements: [
                        Ruleset.Element(
                            [.address(.v4(1)), .port(5)], through: [.address(.v4(9)), .port(5)])
                    ]),
                Ruleset.Map("six", key: [.ipv6], hasIntervals: true, elements: [Ruleset.Element(six)]),
                Ruleset.Map(
                    "marks", key: [.mark], value: .fields([.mark]),
                    elements: [
                        Ruleset.Element([.mark(1)], .fields([.mark(2)]))
                    ]),
                Ruleset.Map(
                    "services", key: [.ipv4, .port], value: .verdict,
                    elements: [
                        Ruleset.Element([.address(.v4(1)), .port(80)], .verdict(.goto("target")))
                    ]),
            ]
        }

        @Test func `a service goes to its backends in turn`() throws {
            let slots = Ruleset.Map(
                "slots", key: [.number], value: .fields([.ipv4, .port]),
                elements: (0..<4).map {
                    Ruleset.Element(
                        [.number($0)], .fields([.address(.v4(0x0A63_0002)), .port($0 % 2 == 0 ? 81 : 82)]))
                })
            let services = Ruleset.Map(
                "services", key: [.ipv4, .port], value: .verdict,
                elements: [Ruleset.Element([.address(.v4(0x0A61_0063)), .port(80)], .verdict(.goto("web")))])
            let chains = [
                Ruleset.Chain(
                    "web", nil,
                    [
                        Ruleset.Rule(
                            .match(.transport, .field(.transport(.tcp))),
                            .destination(.map(.v4, hasPort: true, [.counting(below: 4)], name: "slots")))
                    ]),
                Ruleset.Chain(
                    "prerouting", Ruleset.Base(.nat, .prerouting, priority: -100),
                    [Ruleset.Rule(.verdictMap([.destination(.v4), .destinationPort], map: "services"))]),
            ]
            try rules.write(Ruleset([Ruleset.Table(.ip, "vip", maps: [slots, services], chains: chains)]))
            try client.route.add(
                Route(to: .everything(.v4), via: IPAddress("10.98.0.1"), link: try client.index("eth0")))
            let listeners = [try guest.listen(.stream, "10.99.0.2", 81), try guest.listen(.stream, "10.99.0.2", 82)]
            for number in 0..<4 {
                #expect(throws: Never.self, "connection \(number)") {
                    withExtendedLifetime(try client.connect("10.97.0.99", 80)) {}
                }
            }
            for listener in listeners { for _ in 0..<2 { withExtendedLifetime(try accept(listener)) {} } }
        }

        @Test func `ten thousand elements come and go, many to a message`() throws {
            try rules.write(Self.ruleset)
            let all = (1...10000).map { Self.published(.tcp, UInt16($0), to: 80) }
            try rules.add(all, to: Self.publish, in: Self.table)
            #expect(try rules.elements(of: Self.publish, in: Self.table).count == 10000)
            try rules.delete(all, from: Self.publish, in: Self.table)
            #expect(try rules.elements(of: Self.publish, in: Self.table).isEmpty)
            try rules.add(all, to: Self.publish, in: Self.table)
            try rules.empty(Self.publish, in: Self.table)
            try rules.empty(Self.publish, in: Self.table)
            #expect(try rules.elements(of: Self.publish, in: Self.table).isEmpty)
        }

        @Test func `a backend is replaced in one instant`() throws {
            try rules.write(Self.ruleset)
            let (old, new) = (Self.published(.tcp, 1, to: 2), Self.published(.tcp, 1, to: 3))
            try rules.add([old], to: Self.publish, in: Self.table)
            try rules.replace([old], with: [new], in: Self.publish, Self.table)
            #expect(try rules.elements(of: Self.publish, in: Self.table) == [new])
        }

        @Test func `a monitor sees that another deleted the table`() throws {
            try rules.write(Self.ruleset)
            let monitor = try NetlinkMonitor([.rules], in: host.namespace)
            #expect(try monitor.events().isEmpty)
            try NetfilterSocket(in: host.namespace).delete(Self.table)
            let events = try monitor.events()
            #expect(events.first == .tableDeleted(Self.table))
            let generation = try rules.generation()
            #expect(
                events.contains {
                    if case .generation(generation, let thread, let program) = $0 {
                        thread > 0 && program != ""
                    } else {
                        false
                    }
                })
        }

        @Test func `a forgotten flow's next datagram goes to the new place`() throws {
            try rules.write(Self.ruleset)
            let (first, second) = (
                try guest.listen(.datagram, "10.99.0.2", 1), try guest.listen(.datagram, "10.99.0.2", 2)
            )
            let (old, new) = (Self.published(.udp, 53, to: 1), Self.published(.udp, 53, to: 2))
            try rules.add([old], to: Self.publish, in: Self.table)
            let socket = try client.listen(.datagram, "10.98.0.2", 4000)
            try socket.connect(to: "10.98.0.1", port: 53, until: .now)
            try socket.send([1])
            #expect(try first.wait(until: .now.advanced(by: .seconds(1))))
            try rules.replace([old], with: [new], in: Self.publish, Self.table)
            try socket.send([2])
            #expect(try !second.wait(until: .now.advanced(by: .milliseconds(50))))

            let filter = FlowFilter(transport: .udp, destination: IPAddress("10.98.0.1"), destinationPort: 53)
            let flow = try #require(try rules.flows(filter).first)
            #expect(flow.reply.source == IPAddress("10.99.0.2") && flow.reply.sourcePort == 1)
            #expect(try rules.forget(FlowFilter(transport: .tcp, destinationPort: 53)) == 0)
            #expect(try rules.forget(filter) == 1)
            try socket.send([3])
            #expect(try second.wait(until: .now.advanced(by: .seconds(1))))
            #expect(try second.read(upTo: 9) == [3])
            #expect(try rules.forget(FlowFilter(replySource: IPAddress("10.99.0.2"))) == 1)
            #expect(try rules.flows().isEmpty)
        }
    }
}
