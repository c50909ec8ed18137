import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension KernelTests {
    /// What comes, what goes, and what is left.
    @Suite struct `Life` {
        @Test func `nothing is made before it is needed`() async throws {
            let world = try World()
            #expect(try await world.network.status().healthy)
            try await world.detach(.random())
            try await world.network.recover([])
            #expect(try await world.network.collect(valid: []).isEmpty)
            #expect(try world.route.link(named: "davit0") == nil)
            #expect(try world.rules.tables().isEmpty)
        }

        @Test func `attach gives addresses, asked again the same, and detach twice takes all`() async throws {
            let world = try World { $0.pool = 0 }
            let id = ContainerID.random()
            let request = try AttachRequest(
                container: id, network: World.bridge, hostname: "c", ports: [PortMapping(containerPort: 80)])
            let (first, again) = (try await world.network.attach(request), try await world.network.attach(request))
            #expect(first.addresses == again.addresses && first.ports == again.ports && first.handle == again.handle)
            #expect(first.addresses[0] == "10.88.0.2/20" && first.addresses[1].hasPrefix("fd"))
            #expect(try world.ends().count == 1)
            #expect(try world.elements().count == 2)
            #expect(try await world.network.status().message.contains("1 of 4093 addresses, 2 ports"))
            try await world.detach(id)
            try await world.detach(id)
            #expect(try world.elements().isEmpty)
            #expect(try await world.network.status().message.contains("0 of 4093 addresses, 0 ports"))
        }

        @Test func `low ports and ping need no right in the namespace, and no loopback is down`() async throws {
            let world = try World()
            let container = try await world.attach()
            let values = try NetworkNamespace.run(in: container.corner.namespace) { () throws(Errno) in
                [
                    try KernelSetting("ipv4/ip_unprivileged_port_start").value(),
                    try KernelSetting("ipv4/ping_group_range").value(),
                ]
            }
            #expect(values == ["0", "0\t2147483647"])
            let inside = try RouteSocket(in: container.corner.namespace)
            #expect(try inside.links().allSatisfy(\.isUp))
            let bridge = try #require(try world.route.link(named: "davit0")?.mac)
            #expect(try inside.neighbours().count { $0.mac == bridge } == 2)
            #expect(try inside.routes(.v4).contains { $0.destination.length == 0 })
        }

        @Test func `a hundred come and go, and nothing is left`() async throws {
            let world = try World { $0.pool = 0 }
            for round in 0..<4 {
                var containers: [Container] = []
                for number in 0..<25 {
                    containers.append(
                        try await world.attach(PortMapping(hostPort: 20000 + round * 100 + number, containerPort: 80)))
                }
                #expect(Set(containers.map(\.attachment.addresses[0])).count == 25)
                for container in containers { try await world.detach(container.id) }
            }
            #expect(try eventually { try world.ends().isEmpty })
            #expect(try world.elements().isEmpty)
            #expect(try await world.network.status().message.contains("0 of 4093 addresses, 0 ports"))
        }

        @Test func `the driver's end takes what lies ready`() async throws {
            let world = try World { $0.pool = 3 }
            do {
                let network = try BridgeDriver(world.configuration, host: world.host.namespace)
                _ = try await world.attach(network: network)
                #expect(try eventually { try world.ends().count == 1 + 3 })
            }
            #expect(try eventually { try world.ends().isEmpty })
        }

        @Test func `a new start of the driver takes up what there is`() async throws {
            let world = try World()
            let (first, second) = try await attachByADriverThatEnds(world)
            let listener = try first.corner.listen(.stream, 80)
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
            // Somebody flushes the rules while no driver is there.
            for table in try world.rules.tables() { try world.rules.delete(table) }
            let again = try BridgeDriver(world.configuration, host: world.host.namespace)
            try await again.recover([first.handle, second.handle])
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
            let third = try await world.attach(network: again)
            #expect(Set([first, second, third].map(\.attachment.addresses[0])).count == 3)
            let error = await #expect(throws: AgentError.self) {
                try await world.attach(PortMapping(hostPort: 8080, containerPort: 80), network: again)
            }
            #expect(error?.code == .portInUse)
            #expect(try await again.collect(valid: [second.id, third.id]).count == 1)
            #expect(try world.elements().isEmpty)
            try await world.detach(second.id, network: again)
            #expect(try await again.status().message.contains("1 of 4093 addresses"))
        }

        private func attachByADriverThatEnds(_ world: World) async throws -> (Container, Container) {
            let network = try BridgeDriver(world.configuration, host: world.host.namespace)
            return (
                try await world.attach(PortMapping(hostPort: 8080, containerPort: 80), network: network),
                try await world.attach(network: network)
            )
        }

        @Test func `collect says what it took`() async throws {
            let world = try World()
            let (one, two) = (
                try await world.attach(PortMapping(address: "127.0.0.1", hostPort: 8080, containerPort: 80)),
                try await world.attach()
            )
            let removed = try await world.network.collect(valid: [two.id])
            let addresses = one.attachment.addresses.joined(separator: " ")
            #expect(
                removed == ["the addresses \(addresses), port 127.0.0.1:8080->80/tcp of container \(one.id)"])
            #expect(try await world.network.collect(valid: [two.id]).isEmpty)
        }

        @Test func `a small network is exhausted and recovers`() async throws {
            let world = try World { $0.subnet = "10.88.0.0/29" }
            var containers: [Container] = []
            for _ in 0..<5 { containers.append(try await world.attach()) }
            let error = await #expect(throws: AgentError.self) { try await world.attach() }
            #expect(error?.code == .networkExhausted && error?.retryable == true)
            try await world.detach(containers[3].id)
            #expect(try await world.attach().attachment.addresses[0] == containers[3].attachment.addresses[0])
        }

        @Test(arguments: ["delete", "flush"]) func `rules that somebody took are put back within a second`(
            _ way: String
        ) async throws {
            let world = try World()
            let container = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let listener = try container.corner.listen(.stream, 80)
            let table = Ruleset.TableID(.inet, "davit")
            let start = Clock.monotonic
            if way == "delete" {
                for table in try world.rules.tables() { try world.rules.delete(table) }
            } else {
                for map in PublishedPort.maps { try world.rules.empty(map, in: table) }
            }
            // While the table is gone nothing can be read of it.
            #expect(try eventually { (try? world.elements().count) == 2 })
            #expect(Clock.monotonic - start < 1_000_000_000)
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
            #expect(try world.rules.tables().count == 2)
        }

        @Test func `a bridge that somebody deleted is made again, with its ports`() async throws {
            let world = try World()
            let old = try await world.attach()
            try world.route.deleteLink(try #require(try world.route.link(named: "davit0")).index)
            let new = try await world.attach()
            let listener = try new.corner.listen(.stream, 80)
            try old.corner.exchange(try new.address(.v4), 80, with: listener)
            #expect(old.attachment.addresses[0] != new.attachment.addresses[0])
        }

        @Test func `a network avoids those of other links, and a wish for one is refused`() async throws {
            let world = try World()
            let out = try #require(try world.route.link(named: "out0")).index
            try world.route.add(
                Route(to: try #require(IPPrefix("10.88.0.0/18")), via: IPAddress("192.0.2.2"), link: out))
            let address = try await world.attach().attachment.addresses[0]
            #expect(address.hasPrefix("10.88.64.") && address.hasSuffix("/20"))
            var configuration = world.configuration
            (configuration.subnet, configuration.bridge) = ("10.88.16.0/24", "other0")
            let other = try BridgeDriver(configuration, host: world.host.namespace)
            let error = await #expect(throws: AgentError.self) { try await world.attach(network: other) }
            #expect(error?.message.contains("overlaps the host's route to 10.88.0.0/18 by out0") == true)
        }

        @Test func `attaching takes microseconds from what lies ready, and a port few more`() async throws {
            for (pool, ports) in [(8, 0), (8, 1), (0, 0), (0, 1)] {
                let world = try World { $0.pool = pool }
                var (attaches, detaches) = ([Int64](), [Int64]())
                for number in 0..<30 {
                    let wishes = (0..<ports).map { _ in PortMapping(hostPort: 2000 + number, containerPort: 80) }
                    let request = try AttachRequest(
                        container: .random(), network: World.bridge, hostname: "c", ports: wishes)
                    let start = Clock.monotonic
                    _ = try await world.network.attach(request)
                    let attached = Clock.monotonic
                    try await world.detach(request.container)
                    let end = Clock.monotonic
                    // The first makes the bridge.
                    if number > 0 {
                        attaches.append((attached - start) / 1000)
                        detaches.append((end - attached) / 1000)
                    }
                    // Until there are enough again, as when people start containers.
                    let time = MonotonicTime.now.advanced(by: .milliseconds(100))
                    Guarded(()).sleep { time }
                }
                attaches.sort()
                detaches.sort()
                print(
                    "pool \(pool), \(ports) ports: attach median \(attaches[14]) us, least \(attaches[0]), most \(attaches[28]); detach \(detaches[14]) us"
                )
                if pool > 0 { #expect(attaches[14] < 10_000) }
            }
        }
    }
}
