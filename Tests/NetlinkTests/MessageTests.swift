import Linux
import Testing

@testable import Netlink

@Suite struct `A message` {
    @Test func `for a veth pair has these bytes`() throws {
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        let messages = Link.Kind.veth(peer: LinkSettings(name: "eth0", index: 2)).adding(
            LinkSettings(name: "v0", mac: mac, mtu: 1400, isUp: true))
        #expect(messages.count == 1)
        #expect(messages[0].purpose == "adding the veth \"v0\"")
        #expect(
            messages[0].bytes(sequence: 7, asking: .acknowledge) == [
                112, 0, 0, 0,  // length
                16, 0,  // RTM_NEWLINK
                0x05, 0x06,  // NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
                7, 0, 0, 0,  // sequence
                0, 0, 0, 0,  // port
                0, 0, 0, 0, 0, 0, 0, 0,  // family, type, index
                1, 0, 0, 0, 1, 0, 0, 0,  // IFF_UP, and that it counts
                7, 0, 3, 0, 0x76, 0x30, 0, 0,  // IFLA_IFNAME "v0", padded
                10, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0,  // IFLA_ADDRESS, padded
                8, 0, 4, 0, 0x78, 0x05, 0, 0,  // IFLA_MTU 1400
                52, 0, 18, 0x80,  // IFLA_LINKINFO | NLA_F_NESTED
                9, 0, 1, 0, 0x76, 0x65, 0x74, 0x68, 0, 0, 0, 0,  // IFLA_INFO_KIND "veth", padded
                36, 0, 2, 0x80,  // IFLA_INFO_DATA
                32, 0, 1, 0x80,  // VETH_INFO_PEER
                0, 0, 0, 0, 2, 0, 0, 0,  // family, type, index 2
                0, 0, 0, 0, 0, 0, 0, 0,  // flags, and which of them
                9, 0, 3, 0, 0x65, 0x74, 0x68, 0x30, 0, 0, 0, 0,  // IFLA_IFNAME "eth0", padded
            ])
    }

    @Test func `is read back as it was built`() throws {
        let message = NetlinkMessage(1, header: UInt32(9), purpose: "testing") { message in
            message.put(Attribute(1), value: UInt16(0x0102))
            message.put(Attribute(2), network: UInt32(0x0102_0304))
            message.flag(Attribute(3))
            message.nest(Attribute(4)) { $0.put(Attribute(5), "text") }
        }
        var bytes = message.bytes(sequence: 3)[...]
        let reply = try #require(NetlinkReply(taking: &bytes))
        let (header, attributes) = try #require(reply.parts(UInt32.self))
        #expect(header == 9 && reply.sequence == 3 && bytes.isEmpty)
        #expect(attributes.value(Attribute(1), as: UInt16.self) == 0x0102)
        #expect(attributes[Attribute(2)].map(Array.init) == [1, 2, 3, 4])
        #expect(attributes.network(Attribute(2), as: UInt32.self) == 0x0102_0304)
        #expect(attributes[Attribute(3)]?.isEmpty == true)
        #expect(attributes.nested(Attribute(4)).text(Attribute(5)) == "text")
        #expect(attributes[Attribute(6)] == nil)
    }

    @Test func `finds the attribute at an offset`() {
        let message = NetlinkMessage(1, header: UInt32(9), purpose: "testing") { message in
            message.put(Attribute(1), value: UInt16(1))
            message.nest(Attribute(4)) { nested in
                nested.put(Attribute(5), value: UInt32(1))
                nested.put(Attribute(6), value: UInt32(1))
            }
        }
        // 16 bytes of header, 4 of the family's, 8 of the first attribute, 4 of the nest, 8 of attribute 5.
        #expect(message.path(toOffset: 20) == [Attribute(1)])
        #expect(message.path(toOffset: 28) == [Attribute(4)])
        #expect(message.path(toOffset: 40) == [Attribute(4), Attribute(6)])
        #expect(message.path(toOffset: 4).isEmpty)
        #expect(message.path(toOffset: 4000).isEmpty)
    }

    @Test func `with an attribute of more than 64 KiB says so`() {
        let message = NetlinkMessage(1, header: UInt32(0), purpose: "testing") { message in
            message.put(Attribute(1), [UInt8](repeating: 1, count: 65532))
        }
        #expect(message.isTooLong)
    }

    @Test func `that is cut short or random never traps`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20000 {
            let bytes = (0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...40, using: &generator) }
            for reply in NetlinkReply.all(in: bytes) {
                _ = NetlinkMonitor.Event(reply)
                _ = (Link(reply), Route(reply), Neighbour(reply), InterfaceAddress(reply), TrackedFlow(reply))
            }
        }
    }
}

@Suite struct `A ruleset` {
    static let publish = Ruleset.Map(
        "publish", key: [.transport, .port], value: .fields([.ipv4, .port]),
        elements: [Ruleset.Element([.transport(.tcp), .port(8080)], .fields([.address(.v4(0x0A58_0002)), .port(80)]))])

    static let table = Ruleset.Table(
        .ip, "davit", maps: [publish],
        chains: [
            Ruleset.Chain(
                "prerouting", Ruleset.Base(.nat, .prerouting, priority: -100),
                [
                    Ruleset.Rule(
                        .match(.destinationType, .type(.local)),
                        .destination(.map(.v4, hasPort: true, [.transport, .destinationPort], name: "publish")))
                ]),
            Ruleset.Chain(
                "forward", Ruleset.Base(.filter, .forward, priority: 0, accepts: false),
                [
                    Ruleset.Rule(
                        .match(.connectionState, .states([.established, .related])), .counter, .verdict(.accept)),
                    Ruleset.Rule(
                        .match(.inputName, .field(.linkName("davit0")), inverted: true), .verdict(.jump("other"))),
                ]),
            Ruleset.Chain(
                "other", nil,
                [
                    Ruleset.Rule(
                        .match(.source(.v4), .prefix(IPPrefix.everything(.v4))), .log(prefix: "x"),
                        .masquerade([.random]))
                ]),
        ])

    @Test func `prints as nft does`() {
        #expect(
            Ruleset([Self.table]).description == """
                table ip davit {
                \tmap publish {
                \t\ttype inet_proto . inet_service : ipv4_addr . inet_service
                \t\telements = { tcp . 8080 : 10.88.0.2 . 80 }
                \t}

                \tchain prerouting {
                \t\ttype nat hook prerouting priority -100; policy accept;
                \t\tfib daddr type local dnat ip to meta l4proto . th dport map @publish
                \t}

                \tchain forward {
                \t\ttype filter hook forward priority 0; policy drop;
                \t\tct state established,related counter accept
                \t\tiifname != "davit0" jump other
                \t}

                \tchain other {
                \t\tip saddr 0.0.0.0/0 log prefix "x" masquerade random
                \t}
                }

                """)
    }

    @Test func `becomes messages in an order that finds every name`() {
        #expect(
            Ruleset([Self.table]).messages(replacing: true).map(\.purpose) == [
                "adding the table ip davit", "deleting the table ip davit", "adding the table ip davit",
                "adding the chain ip davit prerouting", "adding the chain ip davit forward",
                "adding the chain ip davit other", "adding the map ip davit publish",
                "adding 1 elements of ip davit publish",
                "adding the rule \"fib daddr type local dnat ip to meta l4proto . th dport map @publish\" to ip davit prerouting",
                "adding the rule \"ct state established,related counter accept\" to ip davit forward",
                "adding the rule \"iifname != \"davit0\" jump other\" to ip davit forward",
                "adding the rule \"ip saddr 0.0.0.0/0 log prefix \"x\" masquerade random\" to ip davit other",
            ])
    }

    @Test func `an element has these bytes`() {
        let message = Self.publish.elements(.add, Self.publish.elements, in: Self.table.id)[0]
        #expect(
            message.bytes(sequence: 1) == [
                84, 0, 0, 0,  // length
                12, 10,  // NFT_MSG_NEWSETELEM of NFNL_SUBSYS_NFTABLES
                0x01, 0x04,  // NLM_F_REQUEST | NLM_F_CREATE
                1, 0, 0, 0, 0, 0, 0, 0,  // sequence, port
                2, 0, 0, 0,  // NFPROTO_IPV4, version 0
                10, 0, 1, 0, 0x64, 0x61, 0x76, 0x69, 0x74, 0, 0, 0,  // NFTA_SET_ELEM_LIST_TABLE "davit"
                12, 0, 2, 0, 0x70, 0x75, 0x62, 0x6C, 0x69, 0x73, 0x68, 0,  // NFTA_SET_ELEM_LIST_SET "publish"
                40, 0, 3, 0x80,  // NFTA_SET_ELEM_LIST_ELEMENTS
                36, 0, 1, 0x80,  // NFTA_LIST_ELEM
                16, 0, 1, 0x80,  // NFTA_SET_ELEM_KEY
                12, 0, 1, 0, 6, 0, 0, 0, 0x1F, 0x90, 0, 0,  // NFTA_DATA_VALUE: tcp, padded; 8080, padded
                16, 0, 2, 0x80,  // NFTA_SET_ELEM_DATA
                12, 0, 1, 0, 10, 88, 0, 2, 0, 80, 0, 0,  // NFTA_DATA_VALUE: 10.88.0.2; 80, padded
            ])
    }

    @Test func `many elements become messages of 400`() {
        let elements = (0..<1001).map { Ruleset.Element([.transport(.udp), .port(UInt16($0))]) }
        let messages = Self.publish.elements(.add, elements, in: Self.table.id)
        #expect(messages.map(\.purpose).last == "adding 201 elements of ip davit publish")
        #expect(messages.count == 3 && !messages.contains(where: \.isTooLong))
    }
}
