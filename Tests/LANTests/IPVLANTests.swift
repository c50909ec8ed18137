import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkLAN

extension KernelTests {
    /// Where the kernel has no such links, that is told; the test finds out by itself.
    @Suite struct `IPVLAN` {
        @Test(arguments: ["l2", "l3", "l3s"]) func `containers share the parent's link address, or are told why not`(
            _ mode: String
        ) async throws {
            let world = try World(.ipvlan)
            guard try World.has(.ipvlan) else {
                let refusal = await world.refusal { try await world.make { $0.options["mode"] = mode } }
                #expect(refusal?.code == .networkRefused)
                #expect(refusal?.message == "the kernel has no ipvlan: load the module ipvlan")
                return
            }
            try await world.make { $0.options["mode"] = mode }
            let (one, two) = (try await world.attach(), try await world.attach())
            #expect(one.attachment.mac == two.attachment.mac)
            #expect(try world.route.link(named: "lan0")?.mac?.description == one.attachment.mac)
            for family in [IPAddress.Family.v4, .v6] {
                try one.corner.exchange(with: two.corner, at: try two.address(family))
            }
            if mode == "l2" {
                try one.corner.exchange(with: world.router, at: "192.0.2.1")
                try world.router.exchange(with: one.corner, at: try one.address(.v4))
            }
            try await world.network.detach(one.farewell(living: true))
            #expect(try one.corner.route.link(named: "eth0") == nil)
        }

        @Test func `one parent has links of one kind`() async throws {
            let world = try World(.macvlan)
            try await world.make()
            let container = try await world.attach()
            let other = LANDriver(.ipvlan, LANConfiguration(), host: world.host.namespace)
            var spec = NetworkSpec(name: try NetworkName("lan2"), driver: "ipvlan")
            (spec.options, spec.subnets) = (["parent": "lan0"], ["192.0.2.0/24"])
            let wish = spec
            let refusal = await world.refusal { _ = try await other.create(NetworkRequest(wish)) }
            let expected = try World.has(.ipvlan) ? "it is that of macvlan links already" : "the kernel has no ipvlan"
            #expect(refusal?.code == .networkRefused && refusal?.message.contains(expected) == true)
            withExtendedLifetime(container) {}
        }

        private static let wrong: [(String, @Sendable (inout NetworkSpec) -> Void)] = [
            ("no mode \"bridge\": it has l2, l3, l3s", { $0.options["mode"] = "bridge" }),
            (
                "in a routed mode the host is the way out",
                { spec in
                    spec.options["mode"] = "l3"
                    spec.options["gateway"] = "192.0.2.1"
                }
            ),
            ("--driver ipvlan --opt parent=eth0", { $0.options = [:] }),
        ]

        @Test(arguments: wrong) func `what can't be is refused`(
            _ text: String, _ change: @Sendable (inout NetworkSpec) -> Void
        ) async throws {
            let world = try World(.ipvlan)
            let refusal = await world.refusal { try await world.make("lan", change) }
            #expect(refusal?.code == .networkRefused)
            #expect(refusal?.message.contains(text) == true, "\(refusal?.message ?? "")")
        }

        @Test func `a container can't have a link address of its own`() async throws {
            let world = try World(.ipvlan)
            var spec = NetworkSpec(name: try NetworkName("lan"), driver: "ipvlan")
            (spec.options, spec.subnets) = (["parent": "lan0"], ["192.0.2.0/24"])
            // As if it had been made on a kernel that can.
            try await world.network.restore([NetworkRequest(spec)])
            let refusal = await world.refusal {
                _ = try await world.attach { $0.connection.mac = "02:11:22:33:44:55" }
            }
            #expect(refusal?.code == .networkRefused)
            #expect(refusal?.message.contains("it has that of the parent lan0") == true)
            let unable = try World.has(.ipvlan) ? nil : await world.refusal { _ = try await world.attach() }
            #expect(
                unable?.message == (try World.has(.ipvlan) ? nil : "the kernel has no ipvlan: load the module ipvlan"))
        }
    }
}
