import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkLAN

extension KernelTests {
    /// What comes, what goes, and what is left.
    @Suite struct `Life` {
        @Test func `attach gives addresses, asked again the same, and detach twice takes all`() async throws {
            let world = try World()
            try await world.make()
            var request = AttachRequest(container: .random(), network: try NetworkName("lan"), hostname: "c")
            let first = try await world.network.attach(request)
            let again = try await world.network.attach(request)
            #expect(first.addresses == again.addresses && first.handle == again.handle && first.mac == again.mac)
            #expect(try await world.status() == "lan: 1 of 254 addresses on lan0")
            request.ports = [PortMapping(hostPort: 8080, containerPort: 80)]
            let container = try Container(request, first)
            for _ in 0..<2 { try await world.network.detach(container.farewell()) }
            #expect(try container.corner.route.links().map(\.name) == ["lo"])
            #expect(try await world.status() == "lan: 0 of 254 addresses on lan0")
        }

        @Test func `a container joins a LAN while it lives, and leaves it again`() async throws {
            let world = try World()
            try await world.make()
            try await world.make("back") { $0.isInternal = true }
            let container = try await world.attach()
            let neighbour = try await world.attach("back")
            var request = AttachRequest(
                container: container.id, network: try NetworkName("back"), hostname: "c", interface: "eth1")
            (request.namespace, request.isWayOut) = (container.corner.namespace, false)
            let second = try Container(request, await world.network.attach(request))
            #expect(try world.route.links().count == 2)
            let inside = try container.corner.route
            #expect(try inside.link(named: "eth1")?.isUp == true)
            #expect(try inside.routes(.v4).filter { $0.destination.length == 0 }.count == 1)
            try neighbour.corner.exchange(with: container.corner, at: try second.address(.v4))
            try await world.network.detach(second.farewell(living: true))
            #expect(try inside.link(named: "eth1") == nil && inside.link(named: "eth0")?.isUp == true)
            try container.corner.exchange(with: world.router, at: "192.0.2.1")
            #expect(try await world.status().contains("back: 1 of 254 addresses"))
        }

        @Test func `a link of the container's own in the way is told, is left alone, and no address is taken`()
            async throws
        {
            let world = try World()
            try await world.make()
            let corner = Corner(namespace: try NetworkNamespace.make())
            try corner.route.add(.veth(peer: LinkSettings(name: "own0")), LinkSettings(name: "eth1"))
            let id = ContainerID.random()
            let refusal = await world.refusal {
                _ = try await world.attach { request in
                    request = AttachRequest(
                        container: id, network: request.network, hostname: "c", interface: "eth1",
                        namespace: corner.namespace)
                }
            }
            #expect(refusal?.code == .hostFailed)
            #expect(try await world.status().contains("lan: 0 of 254"))
            try await world.network.detach(
                DetachRequest(
                    container: id, network: NetworkName("lan"), interface: "eth1", namespace: corner.namespace))
            #expect(try corner.route.link(named: "eth1")?.kind == "veth")
        }

        @Test func `an attach whose agent did not see its end is taken back by the link's name`() async throws {
            let world = try World()
            try await world.make()
            let container = try await world.attach()
            let next = World.driver(.macvlan, world.host)
            try await next.detach(
                DetachRequest(
                    container: container.id, network: container.network, interface: "eth0",
                    namespace: container.corner.namespace))
            #expect(try container.corner.route.link(named: "eth0") == nil)
        }

        @Test func `a new start of the driver takes up what there is`() async throws {
            let world = try World()
            let network = try await world.make()
            let (first, second) = (try await world.attach(), try await world.attach())
            let next = World.driver(.macvlan, world.host)
            try await next.restore([network])
            for _ in 0..<2 { try await next.recover([first.handle, second.handle]) }
            #expect(try await next.status().message == "lan: 2 of 254 addresses on lan0")
            let third = try await world.attach(by: next)
            #expect(Set([first, second, third].map(\.attachment.addresses[0])).count == 3)
            let taken = await world.refusal {
                _ = try await world.attach(by: next) { $0.connection.addresses = [try first.address(.v4)] }
            }
            #expect(taken?.code == .addressInUse)
            let removed = try await next.collect(valid: [second.id, third.id])
            #expect(removed == ["the addresses 192.0.2.2/24 2001:db8::2/64 of container \(first.id) on lan"])
            #expect(try await next.collect(valid: [second.id, third.id]).isEmpty)
            // A network that is there is answered, whatever somebody asks.
            #expect(try await next.create(network).state.link == "lan0")
            try await next.detach(second.farewell())
            #expect(try await next.status().message == "lan: 1 of 254 addresses on lan0")
        }

        @Test func `many come at once, each with an address of its own, and go again`() async throws {
            let world = try World()
            try await world.make { $0.range = "192.0.2.64/27" }
            try await world.make("other") { $0.range = "192.0.2.64/27" }
            let containers = try await withThrowingTaskGroup(of: Container.self) { group in
                for number in 0..<16 { group.addTask { try await world.attach(number < 8 ? "lan" : "other") } }
                return try await group.reduce(into: [Container]()) { $0.append($1) }
            }
            #expect(Set(containers.map(\.attachment.addresses)).count == 16)
            #expect(Set(containers.map(\.attachment.mac)).count == 16)
            try containers[0].corner.exchange(with: containers[15].corner, at: try containers[15].address(.v6))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for container in containers { group.addTask { try await world.network.detach(container.farewell()) } }
                try await group.waitForAll()
            }
            #expect(try containers.allSatisfy { try $0.corner.route.links().map(\.name) == ["lo"] })
            #expect(try await world.status() == "lan: 0 of 32 addresses on lan0; other: 0 of 32 addresses on lan0")
        }

        @Test func `a container that is started again has its addresses at once`() async throws {
            let world = try World()
            try await world.make { $0.options["mode"] = "bridge" }
            for _ in 0..<3 {
                let container = try await world.attach { request in
                    request.connection.addresses = ["192.0.2.77"]
                    request.connection.mac = "02:11:22:33:44:55"
                }
                #expect(container.attachment.addresses == ["192.0.2.77/24", "2001:db8::4d/64"])
                #expect(container.attachment.mac == "02:11:22:33:44:55")
                try await world.network.detach(container.farewell())
            }
        }

        @Test func `a link of an earlier start that goes with its namespace is waited for`() async throws {
            let world = try World()
            let network = try await world.make { $0.options["mode"] = "passthru" }
            try await leaveBehind(world, network)
            let container = try await world.attach()
            let parent = try world.route.link(named: "lan0")?.mac
            #expect(container.attachment.mac == parent?.description)
        }

        /// A container whose driver ended, and which ends itself then.
        private func leaveBehind(_ world: World, _ network: NetworkRequest) async throws {
            let other = World.driver(.macvlan, world.host)
            try await other.restore([network])
            let container = try await world.attach(by: other)
            #expect(try container.corner.route.link(named: "eth0") != nil)
        }

        @Test func `a parent that goes takes the links along, and is told`() async throws {
            let world = try World()
            try await world.make()
            let container = try await world.attach()
            try world.route.deleteLink(try #require(try world.route.link(named: "lan0")).index)
            #expect(try container.corner.route.link(named: "eth0") == nil)
            let status = try await world.network.status()
            #expect(!status.healthy && status.message.contains("lan: the host has no link lan0, the parent of"))
            try await world.network.detach(container.farewell())
            let refusal = await world.refusal { _ = try await world.attach() }
            #expect(refusal?.code == .networkRefused)
        }
    }
}
