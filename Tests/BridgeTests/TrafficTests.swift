import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension KernelTests {
    /// Real packets, in each direction that there is.
    @Suite struct `Traffic` {
        private let world: World

        init() throws { world = try World { $0.nat66 = true } }

        private static let families: [IPAddress.Family] = [.v4, .v6]
        private static func any(_ family: IPAddress.Family) -> String { family == .v4 ? "0.0.0.0" : "::" }
        private static func hosts(_ family: IPAddress.Family) -> String { family == .v4 ? "192.0.2.1" : "2001:db8::1" }

        @Test(arguments: families) func `containers reach each other`(_ family: IPAddress.Family) async throws {
            let (one, two) = (try await world.attach(), try await world.attach())
            let listener = try two.corner.listen(.stream, 80, at: Self.any(family))
            try one.corner.exchange(try two.address(family), 80, with: listener)
            let receiver = try two.corner.listen(.datagram, 53, at: Self.any(family))
            try one.corner.send(7, try two.address(family), 53, to: receiver)
        }

        @Test(arguments: families) func `the host and a container reach each other`(
            _ family: IPAddress.Family
        ) async throws {
            let container = try await world.attach()
            let listener = try container.corner.listen(.stream, 80, at: Self.any(family))
            try world.host.exchange(try container.address(family), 80, with: listener)
            let service = try world.host.listen(.stream, 81, at: Self.any(family))
            try container.corner.exchange(Self.hosts(family), 81, with: service)
        }

        @Test(arguments: families) func `a container reaches the world by the host's address`(
            _ family: IPAddress.Family
        ) async throws {
            let container = try await world.attach()
            let there = family == .v4 ? "192.0.2.2" : "2001:db8::2"
            // It has no way to the container's network: only an answer to the host's address arrives.
            let listener = try world.outside.listen(.stream, 80, at: Self.any(family))
            try container.corner.exchange(there, 80, with: listener)
            let receiver = try world.outside.listen(.datagram, 53, at: Self.any(family))
            try container.corner.send(7, there, 53, to: receiver)
        }

        @Test func `without translation unique local addresses are told that there is no way out, and the rest works`()
            async throws
        {
            let world = try World()
            let container = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let service = try world.outside.listen(.stream, 80, at: "::")
            #expect(throws: Errno.connectionRefused) { try container.corner.connect("2001:db8::2", 80) }
            let listener = try container.corner.listen(.stream, 80, at: "::")
            try world.outside.exchange("2001:db8::1", 8080, with: listener)
            withExtendedLifetime(service) {}
        }

        /// Longer packets than the way out takes: the host says so, and the answer finds its way behind the translation.
        @Test(arguments: families) func `much passes, whichever link is the narrow one`(
            _ family: IPAddress.Family
        ) async throws {
            let there = try RouteSocket(in: world.outside.namespace)
            for (socket, name) in [(world.route, "out0"), (there, "eth0")] {
                let link = try #require(try socket.link(named: name))
                try socket.change(link.index, LinkSettings(mtu: 1400))
            }
            try await world.make("wide") { $0.mtu = 1500 }
            try await world.make("narrow") { $0.mtu = 1300 }
            let listener = try world.outside.listen(.stream, 80, at: Self.any(family))
            for network in ["bridge", "wide", "narrow"] {
                let container = try await world.attach(to: network)
                let link = try RouteSocket(in: container.corner.namespace).link(named: "eth0")
                #expect(link?.mtu == ["bridge": 1400, "wide": 1500, "narrow": 1300][network])
                let client = try container.corner.connect(family == .v4 ? "192.0.2.2" : "2001:db8::2", 80)
                try #require(try listener.wait(until: .now.advanced(by: .milliseconds(500))))
                let server = try #require(try UnixSocket.accept(listener))
                for (one, other) in [(client, server), (server, client)] {
                    #expect(try pass(100_000, from: one, to: other) == 100_000, "on \(network)")
                }
            }
        }

        /// Answers how many bytes came.
        private func pass(_ count: Int, from one: Descriptor, to other: Descriptor) throws -> Int {
            var came = 0
            while came < count {
                try one.send(Array(repeating: 7, count: 10_000))
                let goal = came + 10_000
                while came < goal {
                    guard try other.wait(until: .now.advanced(by: .seconds(2))) else { return came }
                    came += try other.read(upTo: goal - came).count
                }
            }
            return came
        }

        @Test(arguments: families) func `a published port is reached from everywhere`(
            _ family: IPAddress.Family
        ) async throws {
            let container = try await world.attach(
                PortMapping(hostPort: 8080, containerPort: 80),
                PortMapping(hostPort: 5353, containerPort: 53, transport: .udp))
            let other = try await world.attach()
            let listener = try container.corner.listen(.stream, 80, at: Self.any(family))
            let receiver = try container.corner.listen(.datagram, 53, at: Self.any(family))
            let host = Self.hosts(family)
            for (name, corner, address) in [
                ("outside", world.outside, host), ("the host", world.host, host),
                ("another container", other.corner, host), ("the container itself", container.corner, host),
            ] {
                #expect(throws: Never.self, "tcp from \(name)") {
                    try corner.exchange(address, 8080, with: listener)
                }
                #expect(throws: Never.self, "udp from \(name)") { try corner.send(7, address, 5353, to: receiver) }
            }
        }

        @Test func `a published port is reached over the host's loopback, without a proxy`() async throws {
            let container = try await world.attach(
                PortMapping(hostPort: 8080, containerPort: 80),
                PortMapping(hostPort: 5353, containerPort: 53, transport: .udp))
            // As on a host without br_netfilter, which this kernel may have in itself.
            _ = try NetworkNamespace.run(in: world.host.namespace) { () throws(Errno) in
                try KernelSetting("bridge/bridge-nf-call-ip6tables").set("0")
            }
            for (family, loopback) in [(IPAddress.Family.v4, "127.0.0.1"), (.v6, "::1")] {
                let listener = try container.corner.listen(.stream, 80, at: Self.any(family))
                try world.host.exchange(loopback, 8080, with: listener)
                let receiver = try container.corner.listen(.datagram, 53, at: Self.any(family))
                try world.host.send(7, loopback, 5353, to: receiver)
            }
            // The host's own programs still have it.
            let own = try world.host.listen(.stream, 8081, at: "::1")
            try world.host.exchange("::1", 8081, with: own)
        }

        @Test func `a port on the loopback alone is for the host alone`() async throws {
            let container = try await world.attach(
                PortMapping(address: "127.0.0.1", hostPort: 8080, containerPort: 80))
            let listener = try container.corner.listen(.stream, 80)
            try world.host.exchange("127.0.0.1", 8080, with: listener)
            #expect(throws: Errno.connectionRefused) { try world.outside.connect("192.0.2.1", 8080) }
            #expect(container.attachment.ports.map(\.description) == ["127.0.0.1:8080->80/tcp"])
            // A neighbour that sends packets for 127.0.0.1 to the host's link address.
            let there = try RouteSocket(in: world.outside.namespace)
            let link = try #require(try there.link(named: "eth0"))
            try there.delete(InterfaceAddress(try #require(IPPrefix("127.0.0.1/8")), link: 1, scope: .host))
            try there.add(
                Route(to: try #require(IPPrefix("127.0.0.0/8")), via: IPAddress("192.0.2.1"), link: link.index))
            try NetworkNamespace.run(in: world.outside.namespace) { () throws(Errno) in
                _ = try KernelSetting("ipv4/conf/all/route_localnet").set("1")
            }
            let datagrams = try world.outside.listen(.datagram, 0)
            #expect(throws: (any Error).self) { try world.outside.connect("127.0.0.1", 8080) }
            withExtendedLifetime(datagrams) {}
        }

        @Test func `a container can't reach what listens on the host's loopback`() async throws {
            let container = try await world.attach()
            let service = try world.host.listen(.datagram, 99, at: "127.0.0.1")
            let inside = try RouteSocket(in: container.corner.namespace)
            try inside.delete(InterfaceAddress(try #require(IPPrefix("127.0.0.1/8")), link: 1, scope: .host))
            let link = try #require(try inside.link(named: "eth0"))
            let gateway = try #require(IPPrefix(container.attachment.addresses[0])?.network.address(at: 1))
            try inside.add(Route(to: try #require(IPPrefix("127.0.0.0/8")), via: gateway, link: link.index))
            try NetworkNamespace.run(in: container.corner.namespace) { () throws(Errno) in
                _ = try KernelSetting("ipv4/conf/all/route_localnet").set("1")
            }
            let socket = try container.corner.datagrams("127.0.0.1", 99)
            try socket.send([1])
            #expect(try !service.wait(until: .now.advanced(by: .milliseconds(100))))
        }

        @Test func `nobody outside reaches a container that publishes nothing`() async throws {
            let container = try await world.attach()
            let listener = try container.corner.listen(.stream, 80)
            let there = try RouteSocket(in: world.outside.namespace)
            let link = try #require(try there.link(named: "eth0"))
            try there.add(
                Route(to: try #require(IPPrefix("10.88.0.0/20")), via: IPAddress("192.0.2.1"), link: link.index))
            let address = try container.address(.v4)
            #expect(throws: Errno.timedOut) { try world.outside.connect(address, 80) }
            withExtendedLifetime(listener) {}
        }

        @Test func `what the administrator drops in the table of their own stays dropped`() async throws {
            let container = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let listener = try container.corner.listen(.stream, 80)
            let drop = Ruleset.Rule(.counter, .verdict(.drop))
            try world.rules.write(
                Ruleset([
                    Ruleset.Table(.inet, "davit-user", chains: [Ruleset.Chain("published", nil, [drop])])
                ]), replacing: false)
            #expect(throws: Errno.timedOut) { try world.outside.connect("192.0.2.1", 8080) }
            // Neither a new container nor a flush of our table takes it away.
            _ = try await world.attach(PortMapping(hostPort: 8081, containerPort: 80))
            try world.rules.delete(Ruleset.TableID(.inet, "davit"))
            #expect(try eventually { try world.rules.tables().count == 2 })
            // Within a second: 1 of 4 runs found the port closed, not dropped, right after the table was back.
            let dropped = try eventually {
                do { _ = try world.outside.connect("192.0.2.1", 8080) } catch { return error as? Errno == .timedOut }
                return false
            }
            #expect(dropped)
            withExtendedLifetime(listener) {}
        }

        @Test func `an isolated network has no way out`() async throws {
            let world = try World { $0.isolated = true }
            let (one, two) = (try await world.attach(), try await world.attach())
            let listener = try two.corner.listen(.stream, 80)
            try one.corner.exchange(try two.address(.v4), 80, with: listener)
            let outside = try world.outside.listen(.stream, 80)
            #expect(throws: (any Error).self) { try one.corner.connect("192.0.2.2", 80) }
            let error = await #expect(throws: AgentError.self) {
                try await world.attach(PortMapping(hostPort: 1, containerPort: 1))
            }
            #expect(error?.code == .portRefused)
            withExtendedLifetime(outside) {}
        }

        @Test(arguments: [0, 2]) func `no container loses its first packet`(_ pool: Int) async throws {
            let world = try World { $0.pool = pool }
            var slowest: Int64 = 0
            for _ in 0..<30 {
                let container = try await world.attach()
                let receiver = try container.corner.listen(.stream, 80)
                let service = try world.host.listen(.stream, 81)
                let start = Clock.monotonic
                try container.corner.exchange("192.0.2.1", 81, with: service)
                try world.host.exchange(try container.address(.v4), 80, with: receiver)
                slowest = max(slowest, Clock.monotonic - start)
                try await world.detach(container.id)
            }
            print("slowest first exchange of 30, pool \(pool): \(slowest / 1000) us")
        }
    }
}
