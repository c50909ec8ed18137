import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

extension PolicySpec {
    fileprivate init(
        _ name: String, _ action: Action, from: PolicyPeer? = nil, to: PolicyPeer? = nil, ports: [PolicyPort]? = nil,
        priority: Int? = nil
    ) throws {
        self.init(name: try NetworkName(name), action)
        (self.from, self.to, self.ports, self.priority) = (from, to, ports, priority)
    }
}

extension PolicyPeer {
    fileprivate static func network(_ name: String) throws -> PolicyPeer { PolicyPeer(network: try NetworkName(name)) }
    fileprivate static let databases = PolicyPeer(selector: ["app": "db"])
    fileprivate static let everythingElse = PolicyPeer(world: true)
}

extension Corner {
    /// Whether somebody says at once that there is no way: what times out was dropped without a word.
    fileprivate func isRefused(_ address: String, _ port: UInt16) -> Bool {
        do { _ = try connect(address, port) } catch { return error as? Errno == .connectionRefused }
        return false
    }
}

extension KernelTests {
    @Suite struct `Policies` {
        private let world: World
        private static let families: [IPAddress.Family] = [.v4, .v6]
        private static func any(_ family: IPAddress.Family) -> String { family == .v4 ? "0.0.0.0" : "::" }

        init() throws { world = try World { $0.nat66 = true } }

        private func attach(
            _ label: String? = nil, to network: String = "bridge", _ ports: PortMapping...
        ) async throws -> Container {
            try await world.attach(to: network) { request in
                request.ports = ports
                if let label { request.labels = ["app": label] }
            }
        }

        @Test(arguments: families) func `what is allowed between networks passes, and nothing beside it`(
            _ family: IPAddress.Family
        ) async throws {
            for name in ["front", "back"] { try await world.make(name) }
            let (client, server) = (try await attach(to: "front"), try await attach(to: "back"))
            let address = try server.address(family)
            let (listener, other) = (
                try server.corner.listen(.stream, 80, at: Self.any(family)),
                try server.corner.listen(.stream, 81, at: Self.any(family))
            )
            #expect(throws: Errno.timedOut) { try client.corner.connect(address, 80) }
            let policy = try PolicySpec(
                "shop", .allow, from: .network("front"), to: .network("back"), ports: [PolicyPort(80)])
            try await world.network.enforce([policy])
            try client.corner.exchange(address, 80, with: listener)
            #expect(throws: Errno.timedOut) { try client.corner.connect(address, 81) }
            let back = try client.corner.listen(.stream, 80, at: Self.any(family))
            #expect(throws: Errno.timedOut) { try server.corner.connect(try client.address(family), 80) }
            try await world.network.enforce([])
            #expect(throws: Errno.timedOut) { try client.corner.connect(address, 80) }
            withExtendedLifetime((other, back)) {}
        }

        @Test(arguments: families)
        func `labels part containers of one network, whoever comes later and what is connected`(
            _ family: IPAddress.Family
        ) async throws {
            let (client, server) = (try await attach(), try await attach("db"))
            let listener = try server.corner.listen(.stream, 80, at: Self.any(family))
            let address = try server.address(family)
            let old = try client.corner.connect(address, 80)
            let accepted = try #require(try UnixSocket.accept(listener))
            let deny = try PolicySpec("walls", .deny, to: .databases, priority: 2000)
            try await world.network.enforce([deny])
            // What was connected does not go on.
            try old.send([1])
            #expect(try !accepted.wait(until: .now.advanced(by: .milliseconds(200))))
            #expect(client.corner.isRefused(address, 80))
            let late = try await attach("db")
            let another = try late.corner.listen(.stream, 80, at: Self.any(family))
            #expect(client.corner.isRefused(try late.address(family), 80))
            // The host itself is bound by none, and neither is what goes the other way.
            try world.host.exchange(address, 80, with: listener)
            let back = try client.corner.listen(.stream, 80, at: Self.any(family))
            try server.corner.exchange(try client.address(family), 80, with: back)
            // One that comes first lets a part through.
            let allow = try PolicySpec(
                "door", .allow, from: PolicyPeer(addresses: ["\(try client.address(family))"]), to: .databases,
                ports: [PolicyPort(79, through: 80)])
            try await world.network.enforce([deny, allow])
            try client.corner.exchange(address, 80, with: listener)
            try client.corner.exchange(try late.address(family), 80, with: another)
            try await world.network.enforce([])
            let free = try server.corner.listen(.stream, 82, at: Self.any(family))
            try client.corner.exchange(address, 82, with: free)
        }

        @Test(arguments: families) func `what leaves is bound by where it goes`(_ family: IPAddress.Family) async throws
        {
            let (bound, free) = (try await attach("db"), try await attach())
            let there = family == .v4 ? "192.0.2.2" : "2001:db8::2"
            let (listener, other) = (
                try world.outside.listen(.stream, 80, at: Self.any(family)),
                try world.outside.listen(.stream, 81, at: Self.any(family))
            )
            try await world.network.enforce([
                PolicySpec("out", .deny, from: .databases, to: .everythingElse),
                PolicySpec(
                    "mirror", .allow, from: .databases, to: PolicyPeer(addresses: [there]), ports: [PolicyPort(80)],
                    priority: 10),
            ])
            try bound.corner.exchange(there, 80, with: listener)
            #expect(bound.corner.isRefused(there, 81))
            try free.corner.exchange(there, 81, with: other)
            // Its own network is not the world.
            let friend = try free.corner.listen(.stream, 80, at: Self.any(family))
            try bound.corner.exchange(try free.address(family), 80, with: friend)
        }

        @Test func `what comes by a published port is bound by the container's own port`() async throws {
            let server = try await attach("db", to: "bridge", PortMapping(hostPort: 8080, containerPort: 80))
            let listener = try server.corner.listen(.stream, 80)
            try await world.network.enforce([
                PolicySpec("in", .deny, from: .everythingElse, to: .databases, ports: [PolicyPort(80)])
            ])
            #expect(world.outside.isRefused("192.0.2.1", 8080))
            try world.host.exchange("127.0.0.1", 8080, with: listener)
            try await world.network.enforce([
                PolicySpec("in", .deny, from: .everythingElse, to: .databases, ports: [PolicyPort(8080)])
            ])
            try world.outside.exchange("192.0.2.1", 8080, with: listener)
        }

        @Test func `the host's own services are bound, but for its name server`() async throws {
            let container = try await attach()
            let gateway = try #require(container.attachment.gateways.first)
            let (service, names) = (try world.host.listen(.stream, 22), try world.host.listen(.stream, 53))
            try container.corner.exchange(gateway, 22, with: service)
            try await world.network.enforce([PolicySpec("closed", .deny, from: .network("bridge"))])
            for address in [gateway, "192.0.2.1"] { #expect(container.corner.isRefused(address, 22)) }
            try container.corner.exchange(gateway, 53, with: names)
        }

        @Test(arguments: families, ["bridge", "routed"]) func `a policy leads into a network without a way out`(
            _ family: IPAddress.Family, _ mode: String
        ) async throws {
            try await world.make("vault") { ($0.isInternal, $0.options) = (true, ["mode": mode]) }
            let (client, server) = (try await attach(), try await attach(to: "vault"))
            let listener = try server.corner.listen(.stream, 80, at: Self.any(family))
            let address = try server.address(family)
            #expect(throws: Errno.timedOut) { try client.corner.connect(address, 80) }
            try await world.network.enforce([
                PolicySpec("key", .allow, from: .network("bridge"), to: .network("vault"))
            ])
            try client.corner.exchange(address, 80, with: listener)
        }

        @Test func `policies hold over a new start of the driver, a flush, and a new bridge`() async throws {
            let (client, server) = (try await attach(), try await attach("db"))
            let listener = try server.corner.listen(.stream, 80)
            let deny = try PolicySpec("walls", .deny, to: .databases)
            let next = try BridgeDriver(world.configuration, host: world.host.namespace)
            // Before anything is made, as the agent tells at its start.
            try await next.enforce([deny])
            try await next.recover([client.handle, server.handle])
            let address = try server.address(.v4)
            #expect(client.corner.isRefused(address, 80))
            try world.rules.delete(Ruleset.TableID(.inet, "davit"))
            #expect(try eventually { client.corner.isRefused(address, 80) })
            // One that goes takes its addresses out of the sets.
            try await next.detach(DetachRequest(container: server.id, network: World.bridge))
            let set = Ruleset.Map("policy-walls-to4", key: [.ipv4])
            #expect(try world.rules.elements(of: set, in: Ruleset.TableID(.inet, "davit")).isEmpty)
            withExtendedLifetime(listener) {}
        }

        @Test func `what can't be is refused, and the policies of before hold`() async throws {
            let (client, server) = (try await attach(), try await attach("db"))
            let deny = try PolicySpec("walls", .deny, to: .databases)
            try await world.network.enforce([deny])
            for text in ["10.0.0.0/99", "nobody", "10.0.0", ""] {
                let wrong = try PolicySpec("wrong", .deny, to: PolicyPeer(addresses: [text]))
                let error = await world.refusal { try await world.network.enforce([wrong]) }
                #expect(error?.code == .policyRefused)
            }
            #expect(client.corner.isRefused(try server.address(.v4), 80))
        }
    }
}

@Suite struct PolicyValueTests {
    @Test func `addresses that are part of others are left out, and the first policy is the least`() throws {
        let policy = try Policy(
            PolicySpec("b", .deny, to: PolicyPeer(addresses: ["10.1.2.3", "10.0.0.0/8", "10.0.0.0/8", "fd00::/64"])))
        guard case .addresses(let prefixes) = policy.to else {
            Issue.record("\(policy.to)")
            return
        }
        #expect(prefixes.map(\.description) == ["10.0.0.0/8", "fd00::/64"])
        let others = try [
            Policy(PolicySpec("c", .deny, to: .everythingElse, priority: 5)),
            Policy(PolicySpec("a", .allow, to: .databases)),
        ]
        #expect(PolicyBook([policy] + others).policies.map(\.name) == ["c", "a", "b"])
    }

    @Test func `a rule is made for each version that a policy can mean`() throws {
        let four = try Policy(
            PolicySpec(
                "web", .allow, from: PolicyPeer(addresses: ["10.0.0.0/8"]), to: .databases, ports: [PolicyPort(80)]))
        let book = PolicyBook([four])
        #expect(
            book.chain { _ in "all" }.rules.map(\.description) == [
                "meta nfproto ipv4 ip saddr @policy-web-from4 ip daddr @policy-web-to4 meta l4proto . th dport @policy-web-ports accept"
            ])
        let out = PolicyBook([try Policy(PolicySpec("out", .deny, to: .everythingElse))])
        #expect(
            out.chain { $0 == .v4 ? "all4" : "all6" }.rules.map(\.description) == [
                "meta nfproto ipv4 ip daddr != @all4 goto refuse",
                "meta nfproto ipv6 ip6 daddr != @all6 goto refuse",
            ])
    }
}
