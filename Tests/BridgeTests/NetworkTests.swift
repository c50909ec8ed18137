import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension World {
    /// Makes a network of the default driver.
    @discardableResult
    func make(_ name: String, _ change: (inout NetworkSpec) -> Void = { _ in }) async throws -> NetworkRequest {
        var spec = NetworkSpec(name: try NetworkName(name))
        change(&spec)
        let made = try await network.create(NetworkRequest(spec))
        return NetworkRequest(spec, handle: made.handle)
    }

    func refusal(_ body: () async throws -> Void) async -> AgentError? {
        await #expect(throws: AgentError.self) { try await body() }
    }
}

extension KernelTests {
    /// Several networks beside each other.
    @Suite struct `Networks` {
        private let web = "web"
        private let lan = "lan"

        @Test func `a network gets a free subnet, the same again, and goes with its bridge`() async throws {
            let world = try World { $0.pool = 0 }
            let first = try await world.make(web)
            let state = try await world.network.create(first).state
            #expect(state.subnets[0] == "10.88.0.0/24" && state.gateways[0] == "10.88.0.1" && state.link == "dv-web")
            #expect(state.subnets[1].hasPrefix("fd") && state.mtu == 1500)
            try await world.make(lan)
            #expect(try await world.attach(to: lan).attachment.addresses[0] == "10.88.1.2/24")
            // What an earlier start made is taken up as it was, and its subnet is nobody's meanwhile.
            let again = try BridgeDriver(world.configuration, host: world.host.namespace)
            try await again.restore([first])
            let other = try await again.create(NetworkRequest(NetworkSpec(name: NetworkName("third"))))
            #expect(other.state.subnets[0] == "10.88.2.0/24")
            #expect(try await again.create(first).state == state)
            for name in [web, lan, "third", web] { try await again.remove(NetworkName(name)) }
            #expect(try world.route.link(named: "dv-web") == nil && world.route.link(named: "dv-third") == nil)
            // One that this start does not know is not its to remove.
            #expect(try world.route.link(named: "dv-lan") != nil)
        }

        @Test func `containers of two networks reach each other by published ports only`() async throws {
            let world = try World()
            try await world.make(web)
            try await world.make(lan)
            let server = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80), to: web)
            let (friend, stranger) = (try await world.attach(to: web), try await world.attach(to: lan))
            for family in [IPAddress.Family.v4, .v6] {
                let listener = try server.corner.listen(.stream, 80, at: family == .v4 ? "0.0.0.0" : "::")
                try friend.corner.exchange(try server.address(family), 80, with: listener)
                #expect(throws: Errno.timedOut) { try stranger.corner.connect(try server.address(family), 80) }
            }
            let listener = try server.corner.listen(.stream, 80)
            try stranger.corner.exchange("192.0.2.1", 8080, with: listener)
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
        }

        @Test func `an internal network has no way out, no port into it, and none to others' ports`() async throws {
            let world = try World()
            try await world.make(lan) { $0.isInternal = true }
            let server = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let (one, two) = (try await world.attach(to: lan), try await world.attach(to: lan))
            let listener = try one.corner.listen(.stream, 80)
            try two.corner.exchange(try one.address(.v4), 80, with: listener)
            #expect(try RouteSocket(in: one.corner.namespace).routes(.v4).allSatisfy { $0.destination.length > 0 })
            _ = try server.corner.listen(.stream, 80)
            // Also one that gives itself a way.
            let inside = try RouteSocket(in: two.corner.namespace)
            let gateway = try #require(IPPrefix(two.attachment.addresses[0])?.network.address(at: 1))
            let link = try #require(try inside.link(named: "eth0")).index
            try inside.add(Route(to: .everything(.v4), via: gateway, link: link))
            #expect(throws: Errno.timedOut) { try two.corner.connect("192.0.2.2", 80) }
            #expect(throws: Errno.timedOut) { try two.corner.connect("192.0.2.1", 8080) }
            let refusal = await world.refusal {
                _ = try await world.attach(PortMapping(hostPort: 1, containerPort: 1), to: lan)
            }
            #expect(refusal?.code == .portRefused && refusal?.message.contains("lan is internal") == true)
        }

        @Test func `containers of an isolating network reach the world, and not each other`() async throws {
            let world = try World()
            try await world.make(web) { $0.options = ["isolate": "true"] }
            let (one, two) = (try await world.attach(to: web), try await world.attach(to: web))
            let listener = try one.corner.listen(.stream, 80)
            #expect(throws: (any Error).self) { try two.corner.connect(try one.address(.v4), 80) }
            withExtendedLifetime(listener) {}
            let outside = try world.outside.listen(.stream, 80)
            try two.corner.exchange("192.0.2.2", 80, with: outside)
        }

        @Test func `a network has the mtu that was asked for, and version 6 only where it is wanted`() async throws {
            let world = try World { $0.pool = 0 }
            try await world.make(web) { spec in (spec.mtu, spec.ipv6) = (1400, false) }
            let container = try await world.attach(to: web)
            #expect(container.attachment.addresses.count == 1)
            let inside = try RouteSocket(in: container.corner.namespace)
            #expect(try inside.link(named: "eth0")?.mtu == 1400)
            #expect(try world.route.link(named: "dv-web")?.mtu == 1400)
            #expect(try inside.addresses().allSatisfy { $0.prefix.family == .v4 || $0.prefix.address.isLoopback })
            try await world.make(lan) { $0.subnets = ["2001:db8:5::/64", "10.99.0.0/24"] }
            let other = try await world.attach(to: lan)
            #expect(other.attachment.addresses == ["10.99.0.2/24", "2001:db8:5::2/64"])
        }

        private static let wrong: [(String, @Sendable (inout NetworkSpec) -> Void)] = [
            ("no option \"speed\"", { $0.options = ["speed": "high"] }),
            ("the option isolate is", { $0.options = ["isolate": "perhaps"] }),
            ("subnet \"10.1.2.3/24\"", { $0.subnets = ["10.1.2.3/24"] }),
            ("one subnet of each version", { $0.subnets = ["10.1.0.0/24", "10.2.0.0/24"] }),
            ("range \"10.2.0.0/25\" must be a part", { ($0.subnets, $0.range) = (["10.1.0.0/24"], "10.2.0.0/25") }),
            ("mtu 70000", { $0.mtu = 70000 }), ("link \"a b\"", { $0.options = ["link": "a b"] }),
            ("out0 that is not ours", { $0.options = ["link": "out0"] }),
            ("overlaps the host's route to 192.0.2.0/24 by out0", { $0.subnets = ["192.0.2.0/25"] }),
        ]

        @Test(arguments: wrong)
        func `what can't be is refused, and nothing is made`(
            _ text: String, _ change: @Sendable (inout NetworkSpec) -> Void
        ) async throws {
            let world = try World()
            let before = try world.route.links()
            let refusal = await world.refusal { try await world.make(web, change) }
            #expect(refusal?.message.contains(text) == true)
            #expect([.networkRefused, .networkExhausted].contains(refusal?.code))
            #expect(try world.route.links() == before)
        }

        // MARK: Wishes

        @Test func `a container has the addresses and the link address that it asked for`() async throws {
            let world = try World()
            try await world.make(web) { $0.subnets = ["10.99.0.0/24", "fd00:99::/64"] }
            let container = try await world.attach(to: web) { request in
                request.connection.addresses = ["10.99.0.77", "fd00:99::abcd:7"]
                request.connection.mac = "02:11:22:33:44:55"
            }
            #expect(container.attachment.addresses == ["10.99.0.77/24", "fd00:99::abcd:7/64"])
            #expect(container.attachment.mac == "02:11:22:33:44:55")
            #expect(container.attachment.gateways == ["10.99.0.1", "fd00:99::1"])
            let inside = try RouteSocket(in: container.corner.namespace)
            #expect(try inside.link(named: "eth0")?.mac == MACAddress("02:11:22:33:44:55"))
            let other = try await world.attach(to: web)
            let listener = try container.corner.listen(.stream, 80, at: "::")
            try other.corner.exchange("10.99.0.77", 80, with: listener)
            try other.corner.exchange("fd00:99::abcd:7", 80, with: listener)
        }

        @Test(arguments: [
            ("10.99.0.77", ErrorCode.addressInUse), ("10.99.1.77", .networkRefused), ("10.99.0.1", .networkRefused),
            ("10.99.0.255", .networkRefused), ("fd00:98::5", .networkRefused), ("home", .networkRefused),
        ])
        func `an address that can't be had is refused, and none is taken`(
            _ address: String, _ code: ErrorCode
        ) async throws {
            let world = try World { $0.pool = 0 }
            try await world.make(web) { $0.subnets = ["10.99.0.0/24", "fd00:99::/64"] }
            let ask = { (text: String) in
                try await world.attach(to: web) { request in
                    request.connection.addresses = [text]
                }
            }
            let holder = try await ask("10.99.0.77")
            #expect(holder.attachment.addresses == ["10.99.0.77/24", "fd00:99::4d/64"])
            let refusal = await world.refusal { _ = try await ask(address) }
            #expect(refusal?.code == code)
            #expect(try await world.network.status().message.contains("1 of 253 addresses"))
            #expect(try world.ends().count == 1)
        }

        @Test func `addresses come from the range, and one is free again with its container`() async throws {
            let world = try World { $0.pool = 0 }
            try await world.make(web) { ($0.subnets, $0.range) = (["10.99.0.0/24"], "10.99.0.64/30") }
            let containers = [
                try await world.attach(to: web), try await world.attach(to: web),
                try await world.attach(to: web), try await world.attach(to: web),
            ]
            #expect(containers.map(\.attachment.addresses[0]) == (64..<68).map { "10.99.0.\($0)/24" })
            let refusal = await world.refusal { _ = try await world.attach(to: web) }
            #expect(refusal?.code == .networkExhausted)
            try await world.network.detach(
                DetachRequest(container: containers[1].id, network: NetworkName(web)))
            #expect(try await world.attach(to: web).attachment.addresses[0] == "10.99.0.65/24")
        }

        // MARK: Several at once

        @Test func `a container joins a second network while it lives, and leaves it again`() async throws {
            let world = try World { $0.pool = 0 }
            try await world.make(web)
            try await world.make(lan) { $0.isInternal = true }
            let container = try await world.attach(to: web)
            let neighbour = try await world.attach(to: lan)
            let name = try NetworkName(lan)
            var request = AttachRequest(container: container.id, network: name, hostname: "c", interface: "eth1")
            (request.namespace, request.isWayOut) = (container.corner.namespace, false)
            let second = try Container(request, await world.network.attach(request))
            let listener = try neighbour.corner.listen(.stream, 80)
            try container.corner.exchange(try neighbour.address(.v4), 80, with: listener)
            // Its way out is as before.
            let outside = try world.outside.listen(.stream, 80)
            try container.corner.exchange("192.0.2.2", 80, with: outside)
            let ends = try world.ends().count
            try await world.network.detach(
                DetachRequest(
                    container: container.id, network: name, handle: second.attachment.handle,
                    namespace: container.corner.namespace))
            let inside = try RouteSocket(in: container.corner.namespace)
            #expect(try inside.link(named: "eth1") == nil && inside.link(named: "eth0")?.isUp == true)
            #expect(try world.ends().count == ends - 1)
            try container.corner.exchange("192.0.2.2", 80, with: outside)
        }

        @Test func `a link of the container's own in the way is told, and the address is free again`() async throws {
            let world = try World { $0.pool = 0 }
            try await world.make(lan)
            let container = try await world.attach()
            try RouteSocket(in: container.corner.namespace).add(
                .veth(peer: LinkSettings(name: "own0")), LinkSettings(name: "eth1"))
            var request = AttachRequest(
                container: container.id, network: try NetworkName(lan), hostname: "c", interface: "eth1")
            request.namespace = container.corner.namespace
            let wish = request
            let refusal = await world.refusal { _ = try await world.network.attach(wish) }
            #expect(refusal?.code == .hostFailed)
            #expect(try world.ends().count == 1)
            #expect(try await world.network.status().message.contains("0 of 253 addresses"))
        }

        // MARK: Bandwidth

        /// How many bytes of 2 MiB arrive that are sent at once, and what could at the most in the time that passed.
        private func pour(
            from sender: Corner, to receiver: Corner, at address: String, _ rate: UInt64?
        ) throws -> (arrived: Int, most: Int) {
            let listener = try receiver.listen(.datagram, 9)
            let socket = try sender.datagrams(address, 9)
            let start = Clock.monotonic
            for _ in 0..<2048 {
                // ENOBUFS: a full queue of the sender's own end drops it, as any other would.
                do { try socket.send([UInt8](repeating: 0, count: 1024)) } catch {
                    guard error == Errno(rawValue: 105) else { throw error }
                }
            }
            var arrived = 0
            while try listener.wait(until: .now.advanced(by: .milliseconds(200))) {
                arrived += try listener.read(upTo: 2048).count
            }
            guard let rate else { return (arrived, 2 << 20) }
            let limit = TrafficLimit(bytesPerSecond: rate)
            let seconds = Double(Clock.monotonic - start) / 1e9
            return (arrived, Int(limit.burst) + Int(Double(rate) * seconds))
        }

        @Test(arguments: [true, false]) func `bandwidth is limited each way, live, and free again`(
            _ isIngress: Bool
        ) async throws {
            let world = try World()
            let rate: Int64 = 200_000
            let limited = Bandwidth(ingress: isIngress ? rate : nil, egress: isIngress ? nil : rate)
            let container = try await world.attach { $0.connection.bandwidth = limited }
            let other = try await world.attach()
            let (from, to) = isIngress ? (other, container) : (container, other)
            let first = try pour(from: from.corner, to: to.corner, at: try to.address(.v4), UInt64(rate))
            #expect(first.arrived > 0 && first.arrived <= first.most && first.arrived < 1 << 20)
            try await world.network.limit(
                BandwidthRequest(
                    container: container.id, network: container.network, bandwidth: Bandwidth(),
                    namespace: container.corner.namespace))
            let free = try RouteSocket(in: container.corner.namespace)
            #expect(try free.limits().isEmpty && world.route.limits().isEmpty)
            try await world.network.limit(
                BandwidthRequest(
                    container: container.id, network: container.network,
                    bandwidth: Bandwidth(ingress: 5_000_000, egress: 6_000_000), namespace: container.corner.namespace))
            #expect(try world.route.limits().values.map(\.bytesPerSecond) == [5_000_000])
            #expect(try free.limits().values.map(\.bytesPerSecond) == [6_000_000])
        }
    }
}
