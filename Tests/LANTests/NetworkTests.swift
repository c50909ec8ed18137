import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkLAN

extension KernelTests {
    /// What networks there can be.
    @Suite struct `Networks` {
        typealias Wish = @Sendable (inout NetworkSpec) -> Void

        private static let wrong: [(String, Wish)] = [
            ("no option \"speed\"", { $0.options["speed"] = "high" }),
            ("create one with `davit network create --driver macvlan --opt parent=", { $0.options = [:] }),
            ("parent \"a b\" must be", { $0.options["parent"] = "a b" }),
            (
                "the host has no link lan7, the parent of the network web: it has lan0",
                { $0.options["parent"] = "lan7" }
            ),
            (
                "the host has no link lan0.20, the parent of the network web: it has lan0; a VLAN is made by the host",
                { $0.options["parent"] = "lan0.20" }
            ),
            ("the loopback lo leads to no LAN", { $0.options["parent"] = "lo" }),
            ("no mode \"l2\": it has bridge, private, vepa, passthru", { $0.options["mode"] = "l2" }),
            ("can't know the subnet of the LAN", { $0.subnets = nil }),
            ("subnet \"10.1.2.3/24\"", { $0.subnets = ["10.1.2.3/24"] }),
            ("one subnet of each version", { $0.subnets = ["10.1.0.0/24", "10.2.0.0/24"] }),
            ("has version 6 when a subnet of version 6", { ($0.subnets, $0.ipv6) = (["192.0.2.0/24"], true) }),
            ("has version 6 when a subnet of version 6", { $0.ipv6 = false }),
            ("range \"10.2.0.0/25\" must be a part", { $0.range = "10.2.0.0/25" }),
            ("range \"192.0.2.255/32\" has no address", { $0.range = "192.0.2.255/32" }),
            ("range \"192.0.2.0/32\" has no address", { $0.range = "192.0.2.0/32" }),
            (
                "range \"2001:db8:0:0:1::/80\" has no address",
                { ($0.subnets, $0.range) = (["2001:db8::/64"], "2001:db8:0:0:1::/80") }
            ),
            ("gateway \"192.0.3.1\" is no address", { $0.options["gateway"] = "192.0.3.1" }),
            ("gateway \"192.0.2.255\" is no address", { $0.options["gateway"] = "192.0.2.255" }),
            ("gateway \"2001:db8::1\" is no address", { $0.options["gateway"] = "2001:db8::1" }),
            ("gateway6 \"192.0.2.1\" is no address", { $0.options["gateway6"] = "192.0.2.1" }),
            (
                "gateway6 \"fe80::1\" is no address",
                { spec in
                    spec.subnets = ["192.0.2.0/24"]
                    spec.options["gateway6"] = "fe80::1"
                }
            ),
            (
                "the network is internal",
                { spec in
                    spec.isInternal = true
                    spec.options["gateway"] = "192.0.2.1"
                }
            ),
            ("the gateway 192.0.2.3 is the host itself", { $0.options["gateway"] = "192.0.2.3" }),
            ("mtu 70000 must be", { $0.mtu = 70000 }),
            ("mtu 9000 is larger than 1500, which is that of the parent lan0", { $0.mtu = 9000 }),
        ]

        @Test(arguments: wrong)
        func `what can't be is refused, and nothing is made`(_ text: String, _ change: Wish) async throws {
            let world = try World()
            let before = try world.route.links()
            let refusal = await world.refusal { try await world.make("web", change) }
            #expect(refusal?.message.contains(text) == true, "\(refusal?.message ?? "")")
            #expect(refusal?.code == .networkRefused)
            #expect(try world.route.links() == before)
            #expect(try await world.status() == "ready; a network is made with the option parent")
        }

        @Test func `a network of the driver's name is not made on first use`() async throws {
            let world = try World()
            let name = try NetworkName("macvlan")
            let made = await world.refusal {
                _ = try await world.network.create(NetworkRequest(NetworkSpec(name: name, driver: "macvlan")))
            }
            let used = await world.refusal { _ = try await world.attach("macvlan") }
            for refusal in [made, used] {
                #expect(refusal?.code == .networkRefused)
                #expect(refusal?.message.contains("`davit network create --driver macvlan --opt parent=eth0") == true)
            }
        }

        @Test func `a network has the mtu that was asked for`() async throws {
            let world = try World()
            let state = try await world.network.create(world.make { $0.mtu = 1400 }).state
            #expect(state.mtu == 1400)
            let container = try await world.attach()
            #expect(try container.corner.route.link(named: "eth0")?.mtu == 1400)
        }

        @Test func `a parent can be a bridge of the host's, with a dot in its name`() async throws {
            let world = try World()
            try world.route.add(.bridge, LinkSettings(name: "br.7", isUp: true))
            try await world.make { $0.options["parent"] = "br.7" }
            let (one, two) = (try await world.attach(), try await world.attach())
            try one.corner.exchange(with: two.corner, at: try two.address(.v4))
        }

        @Test func `a port of a bridge is told to be none`() async throws {
            let world = try World()
            try world.route.add(.bridge, LinkSettings(name: "br0", isUp: true))
            let (bridge, port) = (
                try #require(try world.route.link(named: "br0")).index,
                try #require(try world.route.link(named: "lan0")).index
            )
            try world.route.change(port, LinkSettings(master: bridge))
            let refusal = await world.refusal { try await world.make() }
            #expect(refusal?.code == .networkRefused)
            #expect(
                refusal?.message.contains("or a port of a bridge; take another parent, or the bridge itself") == true)
        }

        @Test func `a parent that is down is told, and so is one that is passed through already`() async throws {
            let world = try World()
            try await world.make { $0.options["mode"] = "passthru" }
            let container = try await world.attach()
            let second = await world.refusal { _ = try await world.attach() }
            #expect(second?.code == .networkRefused)
            #expect(second?.message.contains("in the mode passthru is the only one of its parent") == true)
            try await world.network.detach(container.farewell())
            try world.route.change(try #require(try world.route.link(named: "lan0")).index, LinkSettings(isUp: false))
            let refusal = await world.refusal { _ = try await world.attach() }
            #expect(refusal?.code == .networkRefused && refusal?.retryable == true)
            #expect(refusal?.message.contains("bring it up with `ip link set lan0 up`") == true)
            #expect(try await world.status() == "lan: 0 of 254 addresses on lan0, which is down")
        }

        @Test func `networks of one parent share its addresses`() async throws {
            let world = try World()
            try await world.make()
            try await world.make("other") { $0.options["gateway"] = "192.0.2.4" }
            let containers = [try await world.attach(), try await world.attach("other"), try await world.attach()]
            #expect(containers.map(\.attachment.addresses[0]) == [2, 5, 6].map { "192.0.2.\($0)/24" })
            let refusal = await world.refusal {
                _ = try await world.attach("other") { $0.connection.addresses = ["192.0.2.6"] }
            }
            #expect(refusal?.code == .addressInUse)
            try await world.network.remove(NetworkName("other"))
            #expect(try await world.status() == "lan: 2 of 254 addresses on lan0")
        }

        // MARK: Wishes

        @Test(arguments: [
            ("192.0.2.77", ErrorCode.addressInUse), ("192.0.2.1", .addressInUse), ("192.0.2.3", .addressInUse),
            ("2001:db8::3", .addressInUse), ("192.0.2.0", .networkRefused), ("192.0.2.255", .networkRefused),
            ("192.0.3.5", .networkRefused), ("2001:db9::5", .networkRefused), ("home", .networkRefused),
        ])
        func `an address that can't be had is refused, and none is taken`(
            _ address: String, _ code: ErrorCode
        ) async throws {
            let world = try World()
            try await world.make()
            let holder = try await world.attach { $0.connection.addresses = ["192.0.2.77"] }
            #expect(holder.attachment.addresses == ["192.0.2.77/24", "2001:db8::4d/64"])
            let refusal = await world.refusal { _ = try await world.attach { $0.connection.addresses = [address] } }
            #expect(refusal?.code == code)
            #expect(try await world.status() == "lan: 1 of 254 addresses on lan0")
        }

        @Test func `a link address is another container's, or no link's, and that is told`() async throws {
            let world = try World()
            try await world.make()
            let holder = try await world.attach { $0.connection.mac = "02:11:22:33:44:55" }
            #expect(try holder.corner.route.link(named: "eth0")?.mac == MACAddress("02:11:22:33:44:55"))
            for (mac, code) in [("02:11:22:33:44:55", ErrorCode.addressInUse), ("01:00:00:00:00:01", .networkRefused)] {
                let refusal = await world.refusal { _ = try await world.attach { $0.connection.mac = mac } }
                #expect(refusal?.code == code)
                #expect(refusal?.message.contains(mac) == true)
            }
            #expect(try await world.status() == "lan: 1 of 254 addresses on lan0")
        }

        @Test func `addresses come from the range, and one is free again with its container`() async throws {
            let world = try World()
            try await world.make { $0.range = "192.0.2.64/31" }
            let containers = [try await world.attach(), try await world.attach()]
            #expect(containers.map(\.attachment.addresses[0]) == ["192.0.2.64/24", "192.0.2.65/24"])
            let refusal = await world.refusal { _ = try await world.attach() }
            #expect(refusal?.code == .networkExhausted && refusal?.retryable == true)
            try await world.network.detach(containers[0].farewell())
            #expect(try await world.attach().attachment.addresses[0] == "192.0.2.64/24")
            // What somebody asks for may be anywhere in the LAN.
            let asked = try await world.attach { $0.connection.addresses = ["192.0.2.200"] }
            #expect(asked.attachment.addresses[0] == "192.0.2.200/24")
        }

        @Test func `no port is published, and none is the answer to none`() async throws {
            let world = try World()
            try await world.make()
            let port = PortMapping(hostPort: 8080, containerPort: 80)
            let container = try await world.attach()
            let attached = await world.refusal { _ = try await world.attach { $0.ports = [port] } }
            let publish = { (ports: [PortMapping]) in
                try await world.network.publish(
                    PublishRequest(container: container.id, network: container.network, ports: ports))
            }
            let published = await world.refusal { _ = try await publish([port]) }
            for refusal in [attached, published] {
                #expect(refusal?.code == .portRefused)
                #expect(refusal?.message.contains("has an address of its own in the LAN") == true)
            }
            let none = try await publish([])
            #expect(none.ports.isEmpty && none.handle == container.attachment.handle)
        }
    }
}
