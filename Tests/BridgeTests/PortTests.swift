import ContainerNetwork
import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension KernelTests {
    @Suite struct `Ports` {
        private let world: World

        init() throws { world = try World() }

        @Test func `a port that another container has is refused with its id, and nothing is left`() async throws {
            let first = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let (elements, ends) = (try world.elements().count, try world.ends().count)
            let error = await #expect(throws: AgentError.self) {
                try await world.attach(
                    PortMapping(hostPort: 9090, containerPort: 90),
                    PortMapping(address: "127.0.0.1", hostPort: 8080, containerPort: 80))
            }
            #expect(error?.code == .portInUse)
            #expect(error?.message == "port 8080/tcp is published by container \(first.id) already")
            #expect(error?.details?["container"]?.string == first.id.description)
            #expect(try world.elements().count == elements)
            #expect(try world.ends().count >= ends)
            // The same port of another protocol is another one; the first is free when its container is gone.
            _ = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80, transport: .udp))
            try await world.detach(first.id)
            _ = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
        }

        @Test(arguments: [InternetSocket.Kind.stream, .datagram])
        func `a port that a process of the host has is refused`(_ kind: InternetSocket.Kind) async throws {
            let service = try world.host.listen(kind, 8080)
            let transport: PortMapping.Transport = kind == .stream ? .tcp : .udp
            let error = await #expect(throws: AgentError.self) {
                try await world.attach(PortMapping(hostPort: 8080, containerPort: 80, transport: transport))
            }
            #expect(error?.code == .portInUse)
            #expect(error?.message.hasSuffix("(pid \(Process.pid))") == true)
            #expect(try world.elements().isEmpty)
            withExtendedLifetime(service) {}
        }

        @Test func `a port that connections rest on is free`() async throws {
            do {
                let service = try world.host.listen(.stream, 8080)
                let client = try world.host.connect("127.0.0.1", 8080)
                // The server closes first, so that its end rests.
                do { withExtendedLifetime(try #require(try UnixSocket.accept(service))) {} }
                _ = try client.wait(until: .now.advanced(by: .milliseconds(100)))
            }
            _ = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
        }

        @Test func `a port that nobody named is chosen, the same for both families`() async throws {
            let container = try await world.attach(PortMapping(containerPort: 80), PortMapping(containerPort: 81))
            let ports = container.attachment.ports
            #expect(ports.map(\.address) == ["0.0.0.0", "::", "0.0.0.0", "::"])
            let chosen = ports.compactMap(\.hostPort)
            #expect(chosen[0] == chosen[1] && chosen[2] == chosen[3] && chosen[0] != chosen[2])
            #expect(chosen.allSatisfy { (32768...60999).contains($0) })
            let listener = try container.corner.listen(.stream, 80)
            try world.outside.exchange("192.0.2.1", UInt16(chosen[0]), with: listener)
        }

        @Test func `an address that is none of the host's is refused`() async throws {
            for address in ["192.0.2.7", "fd00::9", "here"] {
                let error = await #expect(throws: AgentError.self) {
                    try await world.attach(PortMapping(address: address, hostPort: 80, containerPort: 80))
                }
                #expect(error?.code == .portRefused)
            }
            let here = try await world.attach(PortMapping(address: "192.0.2.1", hostPort: 80, containerPort: 80))
            let listener = try here.corner.listen(.stream, 80)
            try world.outside.exchange("192.0.2.1", 80, with: listener)
            #expect(throws: Errno.connectionRefused) { try world.host.connect("127.0.0.1", 80) }
        }

        @Test func `a container has the host's port 53, and the name servers of the networks keep theirs`() async throws
        {
            let asker = try await world.attach()
            let gateways = asker.attachment.gateways
            try #require(gateways.count == 2)
            for (kind, transport) in [(InternetSocket.Kind.datagram, PortMapping.Transport.udp), (.stream, .tcp)] {
                let own = try gateways.map { try world.host.listen(kind, 53, at: $0) }
                let container = try await world.attach(
                    PortMapping(hostPort: 53, containerPort: 53, transport: transport))
                let listener = try container.corner.listen(kind, 53, at: "::")
                for (address, server) in zip(gateways, own) {
                    for corner in [asker.corner, world.host] { try reach(address, server, kind, from: corner) }
                }
                for (corner, address) in [
                    (world.outside, "192.0.2.1"), (world.outside, "2001:db8::1"), (asker.corner, "192.0.2.1"),
                    (world.host, "127.0.0.1"),
                ] { try reach(address, listener, kind, from: corner) }
                // An address that is named is taken by its word.
                for address in gateways {
                    let refusal = await world.refusal {
                        _ = try await world.attach(
                            PortMapping(address: address, hostPort: 53, containerPort: 53, transport: transport))
                    }
                    #expect(refusal?.code == .portInUse)
                }
                try await world.detach(container.id)
                let other = try world.host.listen(kind, 53, at: "127.0.0.53")
                let refusal = await world.refusal {
                    _ = try await world.attach(PortMapping(hostPort: 53, containerPort: 53, transport: transport))
                }
                #expect(refusal?.code == .portInUse)
                withExtendedLifetime((own, other)) {}
            }
        }

        private func reach(
            _ address: String, _ listener: Descriptor, _ kind: InternetSocket.Kind, from corner: Corner
        ) throws {
            switch kind {
            case .stream: try corner.exchange(address, 53, with: listener)
            case .datagram: try corner.send(7, address, 53, to: listener)
            }
        }

        @Test func `a datagram goes to the container that has the port now`() async throws {
            let port = PortMapping(hostPort: 53, containerPort: 53, transport: .udp)
            let first = try await world.attach(port)
            let old = try first.corner.listen(.datagram, 53)
            let sender = try world.outside.datagrams("192.0.2.1", 53, from: 4000)
            try sender.send([1])
            #expect(try old.wait(until: .now.advanced(by: .milliseconds(500))))
            try await world.detach(first.id)
            // Nobody has it: the kernel now remembers that this one goes to the host itself.
            try sender.send([2])
            let second = try await world.attach(port)
            let new = try second.corner.listen(.datagram, 53)
            // What the host answered to the one before.
            _ = try? sender.send([0])
            try sender.send([3])
            #expect(try new.wait(until: .now.advanced(by: .milliseconds(500))))
        }

        @Test func `connections of others to the same port of another host are left alone`() async throws {
            let client = try await world.attach()
            let service = try world.outside.listen(.stream, 8080)
            let connection = try client.corner.connect("192.0.2.2", 8080)
            #expect(try service.wait(until: .now.advanced(by: .milliseconds(500))))
            let server = try #require(try UnixSocket.accept(service))
            let other = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            try await world.detach(other.id)
            try connection.send([1])
            #expect(try server.wait(until: .now.advanced(by: .milliseconds(500))))
            #expect(try world.rules.flows(FlowFilter(transport: .tcp, destinationPort: 8080)).count == 1)
        }

        @Test func `one more port costs the same with ten as with ten thousand`() async throws {
            let rules = world.rules
            let table = Ruleset.TableID(.inet, "davit")
            let host = HostNetwork(namespace: world.host.namespace)
            let settings = try NetworkSettings(
                NetworkRequest(NetworkSpec(name: World.bridge)), BridgeSettings(world.configuration))
            let bridge = try BridgeMaker(
                settings: settings, reserved: [], groups: [], host: host, route: world.route
            ).make()
            let firewall = try Firewall(BridgeRules([bridge]), host: host)
            try firewall.write()
            var (figures, costs, next) = ([String](), [Int64](), 1)
            for count in [10, 10000] {
                let ports = (next..<count).map { number in
                    PublishedPort(
                        place: .everywhere(.v4), transport: .tcp, hostPort: UInt16(number), target: .v4(0x0A58_0002),
                        containerPort: 80)
                }
                next = count
                firewall.restore(ports, for: ConnectionID(.random(), try World.bridge))
                try firewall.write()
                var times: [Int64] = []
                for _ in 0..<50 {
                    let wish = PortWishes.Wish(
                        mapping: PortMapping(hostPort: 30000, containerPort: 80),
                        places: [.everywhere(.v4)])
                    let id = ConnectionID(.random(), try World.bridge)
                    let start = Clock.monotonic
                    _ = try firewall.publish([wish], for: id, host: []) { _ in .v4(0x0A58_0003) }
                    times.append(Clock.monotonic - start)
                    try firewall.withdraw(id)
                }
                costs.append(times.sorted()[25])
                figures.append("with \(count) present: \(costs[costs.count - 1] / 1000) us")
            }
            print("one port more: \(figures.joined(separator: ", "))")
            #expect(try rules.elements(of: PublishedPort.maps[1], in: table).count == 9999)
        }
    }
}

extension KernelTests {
    /// Ports that come and go while their container runs.
    @Suite struct `Live ports` {
        private func publish(_ ports: [PortMapping], of container: Container, _ world: World) async throws -> [String] {
            try await world.network.publish(
                PublishRequest(container: container.id, network: container.network, ports: ports)
            ).ports.map(\.description)
        }

        @Test func `a port is added and taken, and connections by the others live on`() async throws {
            let world = try World()
            let (old, new) = (PortMapping(hostPort: 8080, containerPort: 80), PortMapping(containerPort: 81))
            let container = try await world.attach(old)
            let listener = try container.corner.listen(.stream, 80)
            let client = try world.outside.connect("192.0.2.1", 8080)
            try #require(try listener.wait(until: .now.advanced(by: .milliseconds(500))))
            let server = try #require(try UnixSocket.accept(listener))
            let both = try await publish([old, new], of: container, world)
            #expect(both.count == 4 && both.contains("0.0.0.0:8080->80/tcp"))
            // The free one that was chosen stays.
            #expect(try await publish([old, new], of: container, world) == both)
            #expect(try world.elements().count == 4)
            try client.send([7])
            try #require(try server.wait(until: .now.advanced(by: .milliseconds(500))))
            #expect(try await publish([new], of: container, world).allSatisfy { $0.hasSuffix("->81/tcp") })
            #expect(throws: (any Error).self) { try world.outside.connect("192.0.2.1", 8080) }
            #expect(try await publish([], of: container, world) == [])
            #expect(try world.elements().isEmpty)
        }

        @Test func `free ports that were chosen for one port of the container all stay when another comes`()
            async throws
        {
            let world = try World()
            let free = PortMapping(containerPort: 80)
            let container = try await world.attach(free, free)
            let before = container.attachment.ports.map(\.description)
            let after = try await publish([free, free, PortMapping(containerPort: 81)], of: container, world)
            #expect(Set(before).count == 4)
            #expect(Array(after.prefix(4)) == before)
            #expect(after.count == 6)
        }

        @Test func `ports come and go between the changes of others, and what these break is put back`() async throws {
            let world = try World()
            let container = try await world.attach()
            let ports = (8080...8084).map { PortMapping(hostPort: $0, containerPort: 80) }
            for count in 1...ports.count {
                let foreign = Ruleset.Table(.ip, "other\(count)")
                try world.rules.write(Ruleset([foreign]))
                #expect(try await publish(Array(ports.prefix(count)), of: container, world).count == 2 * count)
            }
            // In one breath, so that the change is ours for all that the watch could see of the last generation.
            try world.rules.empty(PublishedPort.maps[1], in: Ruleset.TableID(.inet, "davit"))
            _ = try await publish(ports + [PortMapping(hostPort: 8085, containerPort: 80)], of: container, world)
            #expect(try eventually { (try? world.elements().count) == 12 })
        }

        @Test func `a change that can't be changes nothing`() async throws {
            let world = try World()
            let (own, others) = (
                PortMapping(hostPort: 8080, containerPort: 80), PortMapping(hostPort: 8081, containerPort: 80)
            )
            let container = try await world.attach(own)
            _ = try await world.attach(others)
            let before = Set(try world.elements())
            let refusal = await world.refusal {
                _ = try await publish(
                    [PortMapping(hostPort: 9000, containerPort: 90), others], of: container, world)
            }
            #expect(refusal?.code == .portInUse)
            #expect(Set(try world.elements()) == before)
            let listener = try container.corner.listen(.stream, 80)
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
        }

        @Test func `what a new start of the driver takes up is what was published last`() async throws {
            let world = try World()
            let container = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let changed = try await world.network.publish(
                PublishRequest(
                    container: container.id, network: container.network,
                    ports: [PortMapping(hostPort: 8081, containerPort: 80)]))
            let again = try BridgeDriver(world.configuration, host: world.host.namespace)
            try await again.recover([
                ContainerHandle(container: container.id, network: container.network, handle: changed.handle)
            ])
            let listener = try container.corner.listen(.stream, 80)
            try world.outside.exchange("192.0.2.1", 8081, with: listener)
            #expect(throws: (any Error).self) { try world.outside.connect("192.0.2.1", 8080) }
        }

        @Test func `the path to a port is told, with what is in the way of it`() async throws {
            let world = try World()
            let container = try await world.attach(PortMapping(address: "0.0.0.0", hostPort: 8080, containerPort: 80))
            let target = ConnectionTarget(container.id, on: container.network)
            let steps = { try await world.network.explain(target).map(\.steps) }
            let clear = try await steps()
            #expect(clear.map { $0.map(\.place) } == [["route", "redirect", "administrator", "forward", "link"]])
            #expect(clear.joined().allSatisfy { $0.state == .open })
            let address = try container.address(.v4)
            #expect(clear[0][1].message.hasSuffix("map publish4: tcp . 8080 : \(address) . 80"))
            let foreign = Ruleset.Table(
                .ip, "filter",
                chains: [Ruleset.Chain("FORWARD", Ruleset.Base(.filter, .forward, priority: 0, accepts: false))])
            try world.rules.write(Ruleset([foreign]))
            let drop = Ruleset.Chain("published", nil, [Ruleset.Rule(.verdict(.drop))])
            try world.rules.write(Ruleset([Ruleset.Table(.inet, "davit-user", chains: [drop])]), replacing: false)
            let doubtful = try await steps().joined().filter { $0.state == .doubtful }
            #expect(doubtful.map(\.place) == ["administrator", "firewall"])
            #expect(doubtful.last?.message.contains("table ip filter, chain FORWARD drops what none") == true)
            _ = try world.host.run { () throws(Errno) in try KernelSetting("ipv4/ip_forward").set("0") }
            #expect(try await steps().joined().contains { $0.place == "route" && $0.state == .closed })
        }
    }
}

extension Corner {
    fileprivate func run<Value: Sendable>(_ body: @escaping @Sendable () throws(Errno) -> Value) throws -> Value {
        try NetworkNamespace.run(in: namespace, body)
    }
}
