import ContainerNetwork
import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkCNI

extension KernelTests {
    /// The plugins of Debian's containernetworking-plugins, on a host that is a namespace of the test's own.
    @Suite struct `Debian's plugins` {
        private func bridge(_ world: World, _ more: String = "") -> String {
            """
            {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true\(more),
             "capabilities":{"ips":true,"mac":true},
             "ipam":{"type":"host-local","dataDir":"\(world.path)/leases","ranges":[[{"subnet":"10.99.0.0/24"}]],
                     "routes":[{"dst":"0.0.0.0/0"}]}}
            """
        }

        private let portmap = #"{"type":"portmap","capabilities":{"portMappings":true}}"#
        private let firewall = #"{"type":"firewall","backend":"iptables"}"#
        private let bandwidth = #"{"type":"bandwidth","capabilities":{"bandwidth":true}}"#
        private let tuning = #"{"type":"tuning","sysctl":{"net.core.somaxconn":"500"}}"#

        @Test(arguments: ["0.4.0", "1.0.0"]) func `bridge, portmap, firewall, bandwidth and tuning make a network`(
            _ version: String
        ) async throws {
            let world = try World()
            try world.list("web", version: version, bridge(world), portmap, firewall, bandwidth, tuning)
            try await world.create("web")
            let before = try world.rules()
            let (one, two) = (
                try await world.attach("web") { request in
                    request.ports = [PortMapping(hostPort: 8080, containerPort: 80)]
                    request.connection.bandwidth = Bandwidth(ingress: 1 << 20, egress: 1 << 20)
                }, try await world.attach("web")
            )
            #expect(one.attachment.addresses == ["10.99.0.2/24"] && two.attachment.addresses == ["10.99.0.3/24"])
            #expect(one.attachment.gateways == ["10.99.0.1"])
            let inside = try #require(try RouteSocket(in: one.namespace).link(named: "eth0"))
            #expect(inside.isUp && one.attachment.mac == inside.mac?.description)
            let listener = try one.listen(80)
            try exchange(from: two.namespace, "10.99.0.2", 80, with: listener)
            try exchange(from: world.host, "10.99.0.2", 80, with: listener)
            try exchange(from: world.host, "127.0.0.1", 8080, with: listener)
            let backlog = try NetworkNamespace.run(in: one.namespace) { () throws(Errno) in
                try Directory(path: "/proc/sys/net/core").read("somaxconn", limit: 64)
            }
            #expect(backlog == Array("500\n".utf8))
            #expect(try world.run("tc qdisc show").contains("tbf"))
            #expect(try world.leases("web") == ["10.99.0.2", "10.99.0.3"])
            for container in [one, two] {
                world.driver.check(ConnectionID(container.id, container.network))
                try await world.detach(container)
            }
            try await nothingIsLeft(world, before)
        }

        /// Only the bridge stays, and the chains that portmap and firewall keep for the next container.
        private func nothingIsLeft(_ world: World, _ before: String) async throws {
            #expect(
                try await eventually {
                    try world.links().filter { $0 != "cni0" && $0 != "ifb0" && $0 != "ifb1" }.isEmpty
                })
            #expect(try world.leases("web").isEmpty)
            let left = try world.rules().split(separator: "\n").filter {
                $0.contains("10.99.0.") || $0.contains("8080")
            }
            #expect(left.isEmpty, "\(left)")
            #expect(!before.contains("10.99"))
        }

        @Test func `asked for addresses and link addresses are given`() async throws {
            let world = try World()
            try world.list("web", bridge(world))
            try await world.create("web")
            let container = try await world.attach("web") { request in
                request.connection.addresses = ["10.99.0.77"]
                request.connection.mac = "02:42:0a:63:00:4d"
            }
            #expect(container.attachment.addresses == ["10.99.0.77/24"])
            #expect(container.attachment.mac == "02:42:0a:63:00:4d")
            let error = await #expect(throws: AgentError.self) {
                try await world.attach("web") { $0.connection.addresses = ["10.99.0.77"] }
            }
            #expect(error?.code == .addressInUse, "\(error?.message ?? "")")
            try await world.detach(container)
        }

        @Test func `a range that is used up is told as that`() async throws {
            let world = try World()
            try world.list(
                "web",
                """
                {"type":"bridge","bridge":"cni0","ipam":{"type":"host-local","dataDir":"\(world.path)/leases",
                 "subnet":"10.99.0.0/29","rangeStart":"10.99.0.2","rangeEnd":"10.99.0.2"}}
                """)
            try await world.create("web")
            let one = try await world.attach("web")
            let error = await #expect(throws: AgentError.self) { try await world.attach("web") }
            #expect(error?.code == .networkExhausted && error?.retryable == true, "\(error?.message ?? "")")
            try await world.detach(one)
            #expect(try await world.attach("web").attachment.addresses == ["10.99.0.2/29"])
        }

        @Test func `loopback and ptp make a line to the host`() async throws {
            let world = try World()
            try world.list(
                "line", version: "0.3.1", #"{"type":"loopback"}"#,
                """
                {"type":"ptp","ipMasq":true,"ipam":{"type":"host-local","dataDir":"\(world.path)/leases",
                 "subnet":"10.98.0.0/24","routes":[{"dst":"0.0.0.0/0"}]},"dns":{"nameservers":["10.98.0.1"]}}
                """)
            try await world.create("line")
            let container = try await world.attach("line")
            #expect(container.attachment.addresses == ["10.98.0.2/24"])
            #expect(container.attachment.resolvConf == "nameserver 10.98.0.1\n")
            try exchange(from: world.host, container.address, 80, with: try container.listen(80))
            try await world.detach(container)
            #expect(try await eventually { try world.links().isEmpty })
            #expect(try world.leases("line").isEmpty)
        }

        @Test func `a container can be on two networks, and leave one while it lives`() async throws {
            let world = try World()
            try world.list("web", bridge(world))
            try world.list(
                "back",
                """
                {"type":"bridge","bridge":"cni1","ipam":{"type":"host-local","dataDir":"\(world.path)/leases",
                 "subnet":"10.97.0.0/24"}}
                """)
            for name in ["web", "back"] { try await world.create(name) }
            let first = try await world.attach("web")
            var request = AttachRequest(container: first.id, network: try NetworkName("back"), hostname: "c")
            (request.interface, request.namespace) = ("eth1", first.namespace)
            let second = try await world.driver.attach(request)
            #expect(second.addresses == ["10.97.0.2/24"] && second.gateways.isEmpty)
            let inside = try RouteSocket(in: first.namespace)
            #expect(Set(try inside.links().map(\.name)) == ["lo", "eth0", "eth1"])
            try await world.driver.detach(
                DetachRequest(
                    container: first.id, network: request.network, handle: second.handle, interface: "eth1",
                    namespace: first.namespace))
            #expect(Set(try inside.links().map(\.name)) == ["lo", "eth0"])
            #expect(try world.leases("back").isEmpty && world.leases("web") == ["10.99.0.2"])
            try await world.detach(first)
        }

        @Test func `a new start of the agent checks what it finds, and takes all of it back`() async throws {
            let world = try World()
            // CHECK of Debian's portmap looks for rules of version 6 that it did not make.
            try world.list("web", bridge(world), firewall)
            try await world.create("web")
            let container: Container
            do {
                let driver = try world.restart()
                try await world.create("web", driver)
                container = try await world.attach("web", driver)
            }
            let sleeper = try NetworkNamespace.run(in: container.namespace) { () throws(Errno) in
                try Command.startSleeper()
            }
            let id = ConnectionID(container.id, container.network)
            try await world.driver.recover([container.handle])
            world.driver.check(id)
            #expect(world.driver.connected.withLock { $0[id]?.complaint } == nil)
            // Somebody takes the way out away: that is told, and nothing is done about it.
            let inside = "/proc/\(Process.pid)/fd/\(container.namespace.rawValue)"
            #expect(try Command.run("nsenter --net=\"$1\" ip route delete default", [inside]).succeeded)
            world.driver.check(id)
            #expect(world.driver.connected.withLock { $0[id]?.complaint } != nil)
            #expect(
                try await world.driver.status().message.contains(
                    "container \(id): the CNI plugin bridge failed in CHECK"))
            try sleeper.send(signal: 9)
            _ = try sleeper.collect(wait: true)
            try await world.detach(container)
            try await nothingIsLeft(world, "")
        }

        @Test func `what an agent left that died is found by the container and its link's name alone`() async throws {
            let world = try World()
            try world.list("web", bridge(world))
            let container: Container
            do {
                let driver = try world.restart()
                try await world.create("web", driver)
                container = try await world.attach("web", driver)
            }
            #expect(try world.leases("web") == ["10.99.0.2"])
            try await world.driver.restore([NetworkRequest(NetworkSpec(name: container.network, driver: "cni"))])
            try await world.detach(container, handle: .null)
            #expect(try world.leases("web").isEmpty)
        }

        @Test func `many containers come and go at once`() async throws {
            let world = try World()
            try world.list("web", bridge(world), portmap)
            try await world.create("web")
            let containers = try await withThrowingTaskGroup(of: Container.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await world.attach("web") {
                            $0.ports = [PortMapping(hostPort: 9000 + number, containerPort: 80)]
                        }
                    }
                }
                return try await group.reduce(into: [Container]()) { $0.append($1) }
            }
            #expect(Set(containers.map(\.address)).count == 8)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for container in containers { group.addTask { try await world.detach(container) } }
                try await group.waitForAll()
            }
            #expect(try await eventually { try world.links() == ["cni0"] })
            #expect(try world.leases("web").isEmpty)
        }
    }
}
