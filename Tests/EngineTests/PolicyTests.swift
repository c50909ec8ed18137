import Drivers
import Model
import TestSupport
import Testing

@testable import Engine

@Suite struct `Policies` {
    private func spec(_ name: String = "walls", priority: Int? = nil) throws -> PolicySpec {
        var spec = PolicySpec(name: try NetworkName(name), .deny)
        spec.from = PolicyPeer(network: try NetworkName("lan"))
        spec.to = PolicyPeer(selector: ["app": "db"])
        spec.priority = priority
        return spec
    }

    @Test func `the driver of its network has all policies, in their order, with each change`() async throws {
        try await withWorld { world in
            _ = try await world.engine.createPolicy(spec())
            _ = try await world.engine.createPolicy(spec("door", priority: 5))
            #expect(world.deeds.suffix(2) == ["enforce walls", "enforce door walls"])
            #expect(await world.engine.policyRecords().map(\.spec.name.description) == ["door", "walls"])
            try await world.engine.removePolicy("walls")
            #expect(world.deeds.last == "enforce door")
            let gone = await world.refusal { _ = try await world.engine.policy("walls") }
            #expect(gone?.code == .policyNotFound)
        }
    }

    @Test func `the next agent tells of them when it has told of the networks, and keeps these`() async throws {
        try await withWorld { world in
            let made = try await world.engine.createPolicy(spec())
            let next = try World(of: world)
            await next.engine.recover()
            let told = next.deeds.filter { $0.hasPrefix("restore") || $0.hasPrefix("enforce") }
            #expect(told.map { $0.prefix(7) } == ["restore", "enforce"])
            #expect(try await next.engine.policy("walls") == made)
            let held = await next.refusal { try await next.engine.removeNetwork("lan") }
            #expect(held?.code == .networkInUse && held?.message.contains("the policy walls") == true)
            let again = await next.refusal { _ = try await next.engine.createPolicy(spec()) }
            #expect(again?.code == .policyExists)
            next.leave()
        }
    }

    @Test func `the driver is told the labels of whom it connects, those of the image among them`() async throws {
        try await withWorld { world in
            var container = try ContainerSpec.on("lan", name: "a")
            container.labels = ["app": "db"]
            _ = try await world.engine.create(container)
            _ = try await world.engine.start("a")
            #expect(world.script.with { $0.labels }["app"] == "db")
        }
    }

    @Test func `what can't be is refused, and nothing is left of it`() async throws {
        try await withWorld { world in
            let wrong: [(String, (inout PolicySpec) -> Void)] = [
                ("for everything", { ($0.from, $0.to) = (nil, nil) }), ("priority is", { $0.priority = 70000 }),
                ("ports is empty", { $0.ports = [] }), ("a port is 1 to", { $0.ports = [PolicyPort(0)] }),
                ("a range goes up", { $0.ports = [PolicyPort(9, through: 8)] }),
                ("named twice", { $0.ports = [PolicyPort(1, through: 9), PolicyPort(9)] }),
                ("say one of", { $0.to = PolicyPeer() }),
                ("say one of", { $0.to = PolicyPeer(addresses: ["::"], world: true) }),
                ("selector is empty", { $0.to = PolicyPeer(selector: [:]) }),
                ("1 to 256", { $0.to = PolicyPeer(addresses: []) }),
            ]
            for (text, change) in wrong {
                var spec = try spec()
                change(&spec)
                let asked = spec
                let refusal = await world.refusal { _ = try await world.engine.createPolicy(asked) }
                #expect(refusal?.code == .requestInvalid && refusal?.message.contains(text) == true, "\(text)")
            }
            world.script.fail("enforce walls")
            _ = await world.refusal { _ = try await world.engine.createPolicy(spec()) }
            #expect(world.deeds.last == "enforce ")
            #expect(await world.engine.policyRecords().isEmpty)
            let left = try world.names("state/policies")
            #expect(left.isEmpty)
        }
    }

    @Test func `a driver without policies refuses them`() async throws {
        try await withWorld { world in
            var spec = try spec()
            spec.from = PolicyPeer(network: try NetworkName("none"))
            let asked = spec
            let refusal = await world.refusal { _ = try await world.engine.createPolicy(asked) }
            #expect(refusal?.code == .policyRefused)
        }
    }
}
