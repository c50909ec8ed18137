import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

@Suite struct SlotTests {
    private func shares(_ slots: Slots<Int>) -> [Int: Int] {
        slots.holders.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    @Test func `every slot is somebody's, shares are fair, and few slots move`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var slots = Slots<Int>()
            var backends: Set<Int> = []
            for _ in 0..<40 {
                let (before, old) = (slots.holders, backends)
                let one = Int.random(in: 0..<20, using: &random)
                if backends.remove(one) == nil { backends.insert(one) }
                slots.fill(backends)
                guard !backends.isEmpty else {
                    #expect(slots.holders.isEmpty)
                    continue
                }
                let shares = shares(slots)
                #expect(slots.holders.count == 64 && Set(shares.keys) == backends)
                #expect((shares.values.max() ?? 0) - (shares.values.min() ?? 0) <= 1)
                guard !old.isEmpty else { continue }
                // One that came or went moves its own share, and what levelling needs.
                let moved = zip(before, slots.holders).count { $0 != $1 }
                #expect(moved <= (64 + backends.count) / max(1, min(old.count, backends.count)) + 1)
            }
        }
    }

    @Test func `what was remembered is taken up where it can be`() {
        var slots = Slots<Int>()
        slots.fill([1, 2, 3])
        var again = Slots(holders: slots.holders)
        again.fill([1, 2, 3])
        #expect(again == slots)
        var damaged = Slots(holders: [7, 8])
        damaged.fill([1])
        #expect(damaged.holders == Array(repeating: 1, count: 64))
    }
}

extension World {
    fileprivate func serve(
        _ backends: [Container], on name: String = "bridge", _ change: (inout ServiceSpec) -> Void = { _ in }
    ) async throws -> ServedService {
        try await network.serve(request(backends, on: name, change))
    }

    fileprivate func request(
        _ backends: [Container], on name: String = "bridge", _ change: (inout ServiceSpec) -> Void = { _ in }
    ) throws -> ServiceRequest {
        var spec = ServiceSpec(
            name: try NetworkName("shop"), network: try NetworkName(name), selector: ["app": "shop"],
            ports: [ServicePort(80, targetPort: 8000)])
        change(&spec)
        return ServiceRequest(
            spec,
            backends: backends.map { container in
                ServiceBackend(
                    container: container.id,
                    addresses: container.attachment.addresses.map { String($0.prefix { $0 != "/" }) })
            })
    }
}

/// Containers that answer a connection with their number, on port 8000.
private struct Shop {
    let listeners: [Descriptor]

    init(_ containers: [Container]) throws {
        listeners = try containers.map { try $0.corner.listen(.stream, 8000, at: "::") }
    }

    /// Who answers a new connection.
    func answerer(of corner: Corner, _ address: String, _ port: UInt16 = 80) throws -> Int {
        let client = try corner.connect(address, port)
        let ready = try Poll.readable(listeners.map(\.rawValue))
        let index = try #require(ready.firstIndex(of: true))
        let server = try #require(try UnixSocket.accept(listeners[index]))
        try client.send([1])
        try #require(try server.wait(until: .now.advanced(by: .milliseconds(500))))
        return index
    }
}

extension KernelTests {
    /// One address, many containers.
    @Suite struct `Services` {
        @Test(arguments: [IPAddress.Family.v4, .v6])
        func `connections go to the containers in turn, from a container, the host and outside`(
            _ family: IPAddress.Family
        ) async throws {
            let world = try World()
            let (one, two) = (try await world.attach(), try await world.attach())
            let client = try await world.attach()
            let served = try await world.serve([one, two]) { spec in
                spec.publish = [PortMapping(hostPort: 8080, containerPort: 80)]
            }
            let shop = try Shop([one, two])
            let address = try #require(served.addresses.first { $0.contains(":") == (family == .v6) })
            let outside = family == .v4 ? "192.0.2.1" : "2001:db8::1"
            for (corner, address, port) in [
                (client.corner, address, 80), (world.host, address, 80), (world.outside, outside, 8080),
                (world.host, family == .v4 ? "127.0.0.1" : outside, 8080), (one.corner, address, 80),
            ] as [(Corner, String, UInt16)] {
                let answers = try (0..<64).map { _ in try shop.answerer(of: corner, address, port) }
                #expect(answers.count { $0 == 0 } == 32, "\(address)")
            }
        }

        @Test func `a client stays with its container where that is wanted`() async throws {
            let world = try World()
            var containers: [Container] = []
            for _ in 0..<3 { containers.append(try await world.attach()) }
            let served = try await world.serve(containers) { $0.affinity = .source }
            let shop = try Shop(containers)
            var seen: Set<Int> = []
            for _ in 0..<12 {
                let client = try await world.attach()
                let answers = try (0..<4).map { _ in try shop.answerer(of: client.corner, served.addresses[0]) }
                #expect(Set(answers).count == 1)
                seen.formUnion(answers)
            }
            #expect(seen.count > 1)
        }

        @Test func `containers change under load, and nothing is lost on those that stay`() async throws {
            let world = try World()
            var containers: [Container] = []
            for _ in 0..<4 { containers.append(try await world.attach()) }
            let client = try await world.attach()
            let served = try await world.serve(containers)
            let shop = try Shop(containers)
            // A connection that lasts, to one that stays.
            var lasting: (client: Descriptor, server: Descriptor)?
            while lasting == nil {
                let socket = try client.corner.connect(served.addresses[0], 80)
                let ready = try Poll.readable(shop.listeners.map(\.rawValue))
                let index = try #require(ready.firstIndex(of: true))
                let server = try #require(try UnixSocket.accept(shop.listeners[index]))
                if index == 0 { lasting = (socket, server) }
            }
            var handle = served.handle
            for round in 0..<30 {
                let members = round % 2 == 0 ? [0, 1] : [0, 1, 2, 3]
                var request = try world.request(members.map { containers[$0] })
                request.handle = handle
                handle = try await world.network.serve(request).handle
                let answers = try (0..<8).map { _ in try shop.answerer(of: client.corner, served.addresses[0]) }
                #expect(answers.allSatisfy { members.contains($0) })
                try #require(lasting).client.send([UInt8(round)])
                try #require(try lasting?.server.wait(until: .now.advanced(by: .milliseconds(500))) == true)
                #expect(try lasting?.server.read(upTo: 9) == [UInt8(round)])
            }
        }

        @Test func `only the service's own network reaches its address`() async throws {
            let world = try World()
            try await world.network.create(NetworkRequest(NetworkSpec(name: NetworkName("other")))).check()
            let (one, stranger) = (try await world.attach(), try await world.attach(to: "other"))
            let served = try await world.serve([one])
            let shop = try Shop([one])
            #expect(try shop.answerer(of: world.host, served.addresses[0]) == 0)
            #expect(throws: (any Error).self) { try stranger.corner.connect(served.addresses[0], 80) }
        }

        @Test func `behind which nobody stands leads nowhere, least of all to the host`() async throws {
            let world = try World()
            let client = try await world.attach()
            let served = try await world.serve([])
            let listener = try world.host.listen(.stream, 80)
            #expect(throws: Errno.connectionRefused) { try client.corner.connect(served.addresses[0], 80) }
            withExtendedLifetime(listener) {}
            let one = try await world.attach()
            var request = try world.request([one])
            request.handle = served.handle
            #expect(try await world.network.serve(request).addresses == served.addresses)
            #expect(try Shop([one]).answerer(of: client.corner, served.addresses[0]) == 0)
        }

        @Test func `datagrams go on to who stands behind it now`() async throws {
            let world = try World()
            let (one, two, client) = (try await world.attach(), try await world.attach(), try await world.attach())
            let udp: (inout ServiceSpec) -> Void = { $0.ports = [ServicePort(53, transport: .udp)] }
            let served = try await world.serve([one], udp)
            let receivers = [try one.corner.listen(.datagram, 53), try two.corner.listen(.datagram, 53)]
            let socket = try client.corner.datagrams(served.addresses[0], 53)
            for (index, container) in [one, two, one].enumerated() {
                var request = try world.request([container], udp)
                request.handle = served.handle
                _ = try await world.network.serve(request)
                try socket.send([UInt8(index)])
                let receiver = receivers[index % 2]
                try #require(try receiver.wait(until: .now.advanced(by: .milliseconds(500))), "no datagram came")
                #expect(try receiver.read(upTo: 9) == [UInt8(index)])
            }
        }

        @Test func `a port that somebody has is refused, either way round, and nothing is left`() async throws {
            let world = try World { $0.pool = 0 }
            let one = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
            let publish: (inout ServiceSpec) -> Void = {
                $0.publish = [PortMapping(hostPort: 8080, containerPort: 80)]
            }
            let refusal = await world.refusal { _ = try await world.serve([one], publish) }
            #expect(refusal?.code == .portInUse && refusal?.message.contains("\(one.id)") == true)
            #expect(try await world.attach().attachment.addresses[0] == "10.88.0.4/20")
            try await world.detach(one.id)
            let two = try await world.attach()
            _ = try await world.serve([two], publish)
            let port = PortMapping(hostPort: 8080, containerPort: 80)
            let other = await world.refusal { _ = try await world.attach(port) }
            #expect(other?.code == .portInUse && other?.message.contains("the service shop") == true)
            try await world.network.unserve(ServiceTarget(NetworkName("shop"), on: World.bridge))
            try await world.network.unserve(ServiceTarget(NetworkName("shop"), on: World.bridge))
            for map in Balance.maps { #expect(try world.rules.elements(of: map, in: BridgeRules.id).isEmpty) }
            _ = try await world.attach(PortMapping(hostPort: 8080, containerPort: 80))
        }

        @Test func `a new start of the driver, and a flush of the rules, change nothing of it`() async throws {
            let world = try World()
            let (one, client) = (try await world.attach(), try await world.attach())
            let served = try await world.serve([one])
            let shop = try Shop([one])
            var request = try world.request([one])
            request.handle = served.handle
            let again = try BridgeDriver(world.configuration, host: world.host.namespace)
            #expect(try await again.serve(request) == served)
            try await again.recover([one.handle, client.handle])
            #expect(try shop.answerer(of: client.corner, served.addresses[0]) == 0)
            // Its address is nobody else's.
            for _ in 0..<5 {
                let address = try await world.attach(network: again).attachment.addresses[0]
                #expect(!address.hasPrefix(served.addresses[0] + "/"))
            }
            for table in try world.rules.tables() { try world.rules.delete(table) }
            #expect(try eventually { (try? world.rules.elements(of: Balance.maps[0], in: BridgeRules.id).count) == 64 })
            #expect(try shop.answerer(of: client.corner, served.addresses[0]) == 0)
        }
    }
}

extension MadeNetwork {
    fileprivate func check() throws { try #require(!state.subnets.isEmpty) }
}
