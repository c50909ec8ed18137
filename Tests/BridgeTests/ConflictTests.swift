import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension KernelTests {
    /// Routes of the host's that come when a network is there.
    @Suite struct `Conflicts` {
        private let world: World
        private let heard = Guarded<[NetworkNotice]>([])
        private let network: BridgeDriver

        init() throws {
            world = try World { $0.pool = 0 }
            network = try BridgeDriver(world.configuration, host: world.host.namespace) { [heard] notice in
                heard.withLock { $0.append(notice) }
            }
        }

        private var vpn: UInt32 {
            get throws {
                if let link = try world.route.link(named: "vpn0") { return link.index }
                try world.route.add(.bridge, LinkSettings(name: "vpn0", isUp: true))
                return try #require(try world.route.link(named: "vpn0")).index
            }
        }

        private func route(_ destination: String) throws -> Route {
            Route(to: try #require(IPPrefix(destination)), link: try vpn)
        }

        private func hears(_ notices: [(NetworkNotice.Event, String)]) throws -> Bool {
            try eventually {
                heard.withLock { heard in
                    heard.map { "\($0.event) \($0.network)" } == notices.map { "\($0.0) \($0.1)" }
                }
            }
        }

        @Test(arguments: ["10.88.0.0/16", "10.0.0.0/8", "10.88.0.77/32", "six"])
        func `a route that comes is told once, and again when it has gone`(_ destination: String) async throws {
            let container = try await world.attach(network: network)
            let six = try #require(IPPrefix(container.attachment.addresses[1])).network
            let route = try route(destination == "six" ? "\(six)" : destination)
            try world.route.add(route)
            #expect(try hears([(.conflict, "bridge")]))
            let error = heard.withLock { $0.first?.error }
            #expect(error?.code == .networkConflict)
            #expect(error?.details?["link"]?.string == "vpn0")
            #expect(error?.details?["route"]?.string == "\(route.destination)")
            #expect(
                try await network.status().message.contains("overlaps the host's route to \(route.destination) by vpn0")
            )
            #expect(try await network.status().healthy)
            // What has nothing to do with it changes nothing, nor do the network's own routes.
            try world.route.add(self.route("172.30.0.0/16"))
            _ = try await world.attach(network: network)
            try world.route.delete(route)
            #expect(try hears([(.conflict, "bridge"), (.clear, "bridge")]))
            #expect(try await !network.status().message.contains("vpn0"))
        }

        @Test(arguments: ["deleted", "down"]) func `a route that goes with its link is told`(_ end: String) async throws
        {
            _ = try await world.attach(network: network)
            try world.route.add(route("10.88.0.0/16"))
            #expect(try hears([(.conflict, "bridge")]))
            if end == "deleted" {
                try world.route.deleteLink(vpn)
            } else {
                try world.route.change(vpn, LinkSettings(isUp: false))
            }
            #expect(try hears([(.conflict, "bridge"), (.clear, "bridge")]))
        }

        @Test func `the parts of a default route that a VPN sets are none`() async throws {
            for half in ["0.0.0.0/1", "128.0.0.0/1", "::/3", "fc00::/7"] { try world.route.add(route(half)) }
            // It is made in spite of them.
            _ = try await world.attach(network: network)
            try world.route.add(route("10.64.0.0/10"))
            #expect(try hears([(.conflict, "bridge")]))
            #expect(heard.withLock { $0.first?.error?.details?["route"]?.string } == "10.64.0.0/10")
        }

        @Test func `a bridge that was left half made takes no subnet of the host's`() async throws {
            // As an agent leaves it that dies between making the link and all else: in no group, like the host's links.
            try world.route.apply([
                .add(.bridge, LinkSettings(name: "davit0")),
                .change(0, LinkSettings(name: "davit0", alias: BridgeMaker.alias(of: try World.bridge))),
            ])
            try world.route.add(route("10.88.0.0/16"))
            let addresses = try await world.attach(network: network).attachment.addresses
            #expect(addresses.first == "10.89.0.2/20")
        }

        @Test func `each network is told of by itself, and of one that is removed nothing more`() async throws {
            for (name, subnet) in [("one", "10.200.1.0/24"), ("two", "10.200.2.0/24"), ("three", "10.201.0.0/24")] {
                var spec = NetworkSpec(name: try NetworkName(name))
                (spec.subnets, spec.ipv6) = ([subnet], false)
                _ = try await network.create(NetworkRequest(spec))
            }
            try world.route.add(route("10.200.0.0/16"))
            #expect(try eventually { heard.withLock { Set($0.map { "\($0.network)" }) == ["one", "two"] } })
            #expect(heard.withLock { $0.count } == 2)
            try await network.remove(NetworkName("one"))
            try world.route.delete(route("10.200.0.0/16"))
            #expect(try eventually { heard.withLock { $0.count } == 3 }, "\(heard.withLock { $0 })")
            #expect(heard.withLock { $0.last } == NetworkNotice(.clear, of: try NetworkName("two")))
        }

        @Test(arguments: ["bridge", "routed"])
        func `a network that is there goes on after a new start of the driver, and that is told`(
            _ mode: String
        ) async throws {
            var spec = NetworkSpec(name: try NetworkName("web"))
            spec.options["mode"] = mode
            let made = try await network.create(NetworkRequest(spec))
            let port = PortMapping(hostPort: 8080, containerPort: 80)
            let container = try await world.attach(port, to: "web", network: network)
            let subnet = try #require(made.state.subnets.first)
            try world.route.add(Route(to: try #require(IPPrefix(subnet)), link: try vpn, priority: 5000))
            #expect(try hears([(.conflict, "web")]))
            let next = try BridgeDriver(world.configuration, host: world.host.namespace) { [heard] notice in
                heard.withLock { $0.append(notice) }
            }
            try await next.restore([NetworkRequest(spec, handle: made.handle)])
            try await next.recover([
                ContainerHandle(
                    container: container.id, network: spec.name, handle: container.attachment.handle)
            ])
            #expect(try eventually { heard.withLock { $0.count } >= 2 })
            let listener = try container.corner.listen(.stream, 80)
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
            _ = try await world.attach(to: "web", network: next)
        }
    }
}
