import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkLAN

extension KernelTests {
    /// What passes between containers and the LAN.
    @Suite struct `Traffic` {
        @Test func `a container and the LAN's machines reach each other by TCP and UDP of both versions`() async throws
        {
            let world = try World()
            let network = try await world.make()
            let state = try await world.network.create(network).state
            #expect(state.subnets == ["192.0.2.0/24", "2001:db8::/64"] && state.gateways.isEmpty)
            #expect(state.link == "lan0" && state.mtu == 1500)
            let container = try await world.attach()
            // The first is the router, which is the gateway; the third is the host.
            #expect(container.attachment.addresses == ["192.0.2.2/24", "2001:db8::2/64"])
            #expect(container.attachment.gateways == ["192.0.2.1", "2001:db8::1"])
            for family in [IPAddress.Family.v4, .v6] {
                try container.corner.exchange(with: world.router, at: family == .v4 ? "192.0.2.1" : "2001:db8::1")
                try world.router.exchange(with: container.corner, at: try container.address(family))
            }
            // The host is none of its machines.
            #expect(throws: (any Error).self) { try container.corner.connect("192.0.2.3", 80) }
            let inside = try container.corner.route
            #expect(try inside.links().allSatisfy(\.isUp) && inside.link(named: "eth0")?.kind == "macvlan")
            for family in [IPAddress.Family.v4, .v6] {
                #expect(try inside.routes(family).contains { $0.destination.length == 0 })
            }
            #expect(try world.route.links().allSatisfy { $0.kind != "macvlan" })
        }

        @Test(arguments: ["bridge", "private", "vepa"]) func `containers reach each other only in the mode bridge`(
            _ mode: String
        ) async throws {
            let world = try World()
            try await world.make { $0.options["mode"] = mode }
            let (one, two) = (try await world.attach(), try await world.attach())
            #expect(two.attachment.addresses == ["192.0.2.4/24", "2001:db8::4/64"])
            for family in [IPAddress.Family.v4, .v6] {
                let address = try one.address(family)
                if mode == "bridge" {
                    try two.corner.exchange(with: one.corner, at: address)
                } else {
                    #expect(throws: (any Error).self) { try two.corner.connect(address, 80) }
                }
                try two.corner.exchange(with: world.router, at: family == .v4 ? "192.0.2.1" : "2001:db8::1")
            }
        }

        @Test func `a container of an internal network knows no way beyond the LAN`() async throws {
            let world = try World()
            try await world.make { $0.isInternal = true }
            let container = try await world.attach()
            #expect(container.attachment.gateways.isEmpty)
            try container.corner.exchange(with: world.router, at: "192.0.2.1")
            let inside = try container.corner.route
            for family in [IPAddress.Family.v4, .v6] {
                #expect(try inside.routes(family).allSatisfy { $0.destination.length > 0 })
            }
        }

        @Test func `a gateway can be any machine of the LAN, of version 6 also by its link's address`() async throws {
            let world = try World()
            try await world.make { spec in
                spec.options["gateway"] = "192.0.2.200"
                spec.options["gateway6"] = "fe80::1"
            }
            let container = try await world.attach()
            #expect(container.attachment.addresses == ["192.0.2.1/24", "2001:db8::1/64"])
            #expect(container.attachment.gateways == ["192.0.2.200", "fe80::1"])
            let inside = try container.corner.route
            #expect(try inside.routes(.v4).contains { $0.gateway == IPAddress("192.0.2.200") })
            #expect(try inside.routes(.v6).contains { $0.gateway == IPAddress("fe80::1") })
        }

        @Test func `whoever has an address has the same link address, so that the LAN need not learn another`()
            async throws
        {
            let world = try World()
            try await world.make()
            var macs: Set<String?> = []
            for _ in 0..<3 {
                let container = try await world.attach { $0.connection.addresses = ["192.0.2.9", "2001:db8::9"] }
                macs.insert(container.attachment.mac)
                // The router would go on to send to the link address that it knows, for half a minute.
                for address in ["192.0.2.9", "2001:db8::9"] {
                    try world.router.exchange(with: container.corner, at: address)
                }
                try await world.network.detach(container.farewell())
            }
            #expect(macs.count == 1)
            #expect(try await world.attach().attachment.mac.map { macs.contains($0) } == false)
        }

        @Test func `a link that comes up says so`() async throws {
            let world = try World()
            try await world.make()
            let first = try await world.attach { request in
                (request.connection.addresses, request.connection.mac) = (["192.0.2.9"], "02:00:00:00:00:01")
            }
            try world.router.exchange(with: first.corner, at: "192.0.2.9")
            try await world.network.detach(first.farewell())
            let second = try await world.attach { request in
                (request.connection.addresses, request.connection.mac) = (["192.0.2.9"], "02:00:00:00:00:02")
            }
            try world.router.exchange(with: second.corner, at: "192.0.2.9")
        }

        @Test func `an address of version 6 that a machine of the LAN has is not used`() async throws {
            let world = try World()
            try await world.make()
            let container = try await world.attach { $0.connection.addresses = ["2001:db8::3:1", "192.0.2.9"] }
            #expect(throws: Never.self) { try container.corner.listen(.stream, 80, at: "2001:db8::3:1") }
            let eth0 = try #require(try world.router.route.link(named: "eth0")).index
            let foreign = try #require(IPPrefix("2001:db8::3:2/64"))
            try world.router.route.add(InterfaceAddress(foreign, link: eth0))
            let rival = try await world.attach { $0.connection.addresses = ["2001:db8::3:2", "192.0.2.10"] }
            #expect(
                try eventually {
                    do {
                        _ = try rival.corner.listen(.stream, 80, at: "2001:db8::3:2")
                        return false
                    } catch { return (error as? Errno) == .addressNotAvailable }
                })
            try rival.corner.exchange(with: world.router, at: "192.0.2.1")
        }

        @Test func `low ports and ping need no right in the namespace, and no router is heard`() async throws {
            let world = try World()
            try await world.make()
            let container = try await world.attach()
            let values = try NetworkNamespace.run(in: container.corner.namespace) { () throws(Errno) in
                [
                    try KernelSetting("ipv4/ip_unprivileged_port_start").value(),
                    try KernelSetting("ipv4/ping_group_range").value(),
                    try KernelSetting("ipv6/conf/eth0/accept_ra").value(),
                    try KernelSetting("ipv6/conf/eth0/accept_dad").value(),
                ]
            }
            #expect(values == ["0", "0\t2147483647", "0", "1"])
        }

        @Test func `without a subnet of version 6 a container has nothing of it`() async throws {
            let world = try World()
            try await world.make { $0.subnets = ["192.0.2.0/24"] }
            let container = try await world.attach()
            #expect(container.attachment.addresses == ["192.0.2.2/24"])
            let addresses = try container.corner.route.addresses()
            #expect(addresses.allSatisfy { $0.prefix.family == .v4 || $0.prefix.address.isLoopback })
        }

        @Test func `a network of version 6 alone chooses from its range`() async throws {
            let world = try World()
            try await world.make { ($0.subnets, $0.range) = (["2001:db8::/64"], "2001:db8::1000:0/112") }
            let containers = [try await world.attach(), try await world.attach()]
            #expect(
                containers.map(\.attachment.addresses) == [["2001:db8::1000:0/64"], ["2001:db8::1000:1/64"]])
            try containers[0].corner.exchange(with: containers[1].corner, at: "2001:db8::1000:1")
        }

        @Test func `what a container sends is limited, live, and what it receives can't be`() async throws {
            let world = try World()
            try await world.make()
            let container = try await world.attach { $0.connection.bandwidth = Bandwidth(egress: 5_000_000) }
            let inside = try container.corner.route
            #expect(try inside.limits().values.map(\.bytesPerSecond) == [5_000_000])
            let limit = { (bandwidth: Bandwidth) in
                try await world.network.limit(
                    BandwidthRequest(
                        container: container.id, network: container.network, bandwidth: bandwidth,
                        namespace: container.corner.namespace))
            }
            try await limit(Bandwidth(egress: 6_000_000))
            #expect(try inside.limits().values.map(\.bytesPerSecond) == [6_000_000])
            try container.corner.exchange(with: world.router, at: "192.0.2.1")
            let refused = await world.refusal { try await limit(Bandwidth(ingress: 1_000_000)) }
            #expect(refused?.code == .limitUnavailable)
            try await limit(Bandwidth())
            #expect(try inside.limits().isEmpty)
            let unborn = await world.refusal {
                _ = try await world.attach { $0.connection.bandwidth = Bandwidth(ingress: 1_000_000) }
            }
            #expect(unborn?.code == .limitUnavailable)
            #expect(try await world.status().contains("lan: 1 of 254 addresses on lan0"))
        }
    }
}
