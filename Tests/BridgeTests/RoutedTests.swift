import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension KernelTests {
    /// Networks whose containers are no ports of a bridge.
    @Suite struct `Routed networks` {
        private static let families: [IPAddress.Family] = [.v4, .v6]
        private static func any(_ family: IPAddress.Family) -> String { family == .v4 ? "0.0.0.0" : "::" }

        private func make(
            _ configure: (inout BridgeConfiguration) -> Void = { _ in }, _ options: [String: String] = [:]
        ) async throws -> World {
            let world = try World {
                ($0.nat66, $0.pool) = (true, 0)
                configure(&$0)
            }
            try await world.make("wide") { $0.options = options.merging(["mode": "routed"]) { own, _ in own } }
            return world
        }

        @Test(arguments: families) func `packets go in each direction that there is`(
            _ family: IPAddress.Family
        ) async throws {
            let world = try await make { $0.pool = 4 }
            let server = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80), to: "wide")
            let other = try await world.attach(to: "wide")
            let listener = try server.corner.listen(.stream, 80, at: Self.any(family))
            let receiver = try server.corner.listen(.datagram, 53, at: Self.any(family))
            let address = try server.address(family)
            try other.corner.exchange(address, 80, with: listener)
            try other.corner.send(7, address, 53, to: receiver)
            try world.host.exchange(address, 80, with: listener)
            let hosts = family == .v4 ? "192.0.2.1" : "2001:db8::1"
            for corner in [world.outside, world.host, other.corner, server.corner] {
                try corner.exchange(hosts, 8080, with: listener)
            }
            try world.host.exchange(family == .v4 ? "127.0.0.1" : "::1", 8080, with: listener)
            let there = try world.outside.listen(.stream, 80, at: Self.any(family))
            try server.corner.exchange(family == .v4 ? "192.0.2.2" : "2001:db8::2", 80, with: there)
            // No bridge has a port, and nobody else's address leads anywhere.
            #expect(try world.route.links().allSatisfy { $0.master == nil })
            let nobody = family == .v4 ? "10.88.0.200" : "\(address.prefix { $0 != ":" }):9::9"
            #expect(throws: (any Error).self) { try other.corner.connect(nobody, 80) }
        }

        @Test(arguments: families) func `it is parted from other networks, and from itself where it isolates`(
            _ family: IPAddress.Family
        ) async throws {
            let world = try await make({ _ in }, ["isolate": "true"])
            let (one, two, stranger) = (
                try await world.attach(to: "wide"), try await world.attach(to: "wide"), try await world.attach()
            )
            let listener = try one.corner.listen(.stream, 80, at: Self.any(family))
            for corner in [two.corner, stranger.corner] {
                #expect(throws: Errno.timedOut) { try corner.connect(try one.address(family), 80) }
            }
            var policy = PolicySpec(name: try NetworkName("together"), .allow)
            policy.from = PolicyPeer(network: try NetworkName("wide"))
            policy.to = policy.from
            try await world.network.enforce([policy])
            try two.corner.exchange(try one.address(family), 80, with: listener)
        }

        @Test func `an address and a link address are given as asked, live, and leave nothing`() async throws {
            let world = try await make()
            let first = try await world.attach()
            let before = (try world.route.links().count, try world.route.routes(.v4).count)
            let second = try await world.attach(to: "wide") { request in
                (request.namespace, request.interface, request.isWayOut) = (first.corner.namespace, "eth1", false)
                (request.connection.addresses, request.connection.mac) = (["10.88.0.77"], "02:00:00:00:00:77")
            }
            #expect(second.attachment.mac == "02:00:00:00:00:77")
            let peer = try await world.attach(to: "wide")
            let listener = try second.corner.listen(.stream, 80)
            try peer.corner.exchange("10.88.0.77", 80, with: listener)
            try await world.network.detach(
                DetachRequest(container: peer.id, network: NetworkName("wide"), namespace: peer.corner.namespace))
            try await world.network.detach(
                DetachRequest(
                    container: second.id, network: NetworkName("wide"), interface: "eth1",
                    namespace: first.corner.namespace))
            #expect((try world.route.links().count, try world.route.routes(.v4).count) == before)
            let inside = try RouteSocket(in: first.corner.namespace)
            #expect(try inside.link(named: "eth1") == nil)
        }

        @Test func `it lives over a new start of the driver, and over the loss of its link`() async throws {
            let world = try await make()
            let request = try await world.make("again") { $0.options = ["mode": "routed"] }
            let old = try await world.attach(to: "again")
            let next = try BridgeDriver(world.configuration, host: world.host.namespace)
            try await next.restore([request])
            try await next.recover([old.handle])
            let listener = try old.corner.listen(.stream, 80)
            let new = try await world.attach(to: "again", network: next)
            #expect(try new.address(.v4) != old.address(.v4))
            try new.corner.exchange(try old.address(.v4), 80, with: listener)
            let link = try #require(try world.route.link(named: "dv-again"))
            try world.route.deleteLink(link.index)
            let late = try await world.attach(to: "again", network: next)
            try late.corner.exchange(try old.address(.v4), 80, with: listener)
            try new.corner.exchange(try old.address(.v4), 80, with: listener)
            // What is not made in this start goes whole as well: nothing is at its place.
            let last = try BridgeDriver(world.configuration, host: world.host.namespace)
            try await last.restore([request])
            try await last.remove(NetworkName("again"))
            for subnet in try #require(NetworkHandle(request.handle)).subnets {
                try world.route.add(Bridge.unreachable(try #require(IPPrefix(subnet))))
            }
            for mode in ["", "macvlan"] {
                let error = await world.refusal { try await world.make("bad") { $0.options = ["mode": mode] } }
                #expect(error?.code == .networkRefused)
            }
        }

        @Test func `a service is reached, and its own containers reach it`() async throws {
            let world = try await make()
            let (one, client) = (try await world.attach(to: "wide"), try await world.attach(to: "wide"))
            let spec = ServiceSpec(
                name: try NetworkName("shop"), network: try NetworkName("wide"), selector: ["app": "shop"],
                ports: [ServicePort(80, targetPort: 8000)])
            let backend = ServiceBackend(container: one.id, addresses: [try one.address(.v4)])
            let served = try await world.network.serve(ServiceRequest(spec, backends: [backend]))
            let listener = try one.corner.listen(.stream, 8000)
            for corner in [client.corner, one.corner, world.host] {
                try corner.exchange(served.addresses[0], 80, with: listener)
            }
        }

        @Test func `more containers are on it than a bridge can have ports`() async throws {
            let world = try await make { $0.subnetLength = 20 }
            let before = (try world.route.links().count, try world.route.routes(.v4).count)
            var all: [Container] = []
            for _ in 0..<1100 { all.append(try await world.attach(to: "wide")) }
            let (first, last) = (all[0], all[1099])
            #expect(Set(all.map { $0.attachment.addresses[0] }).count == 1100)
            let listener = try last.corner.listen(.stream, 80)
            try first.corner.exchange(try last.address(.v4), 80, with: listener)
            let ids = all.map(\.id)
            all = []
            for id in ids {
                try await world.network.detach(DetachRequest(container: id, network: NetworkName("wide")))
            }
            withExtendedLifetime((first, last)) {}
            #expect(try eventually { try world.route.links().count <= before.0 + 2 })
        }
    }
}
