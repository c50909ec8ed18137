import ContainerNetwork
import JSON
import Linux
import Model
import Netlink

/// Our table of nftables and what is published in it. All changes go through here, one at a time: what the kernel has is
/// always made from ``State/published``, never read back.
final class Firewall: Sendable {
    /// Elements of a map.
    typealias Elements = (map: Ruleset.Map, elements: [Ruleset.Element])

    struct State {
        var rules: BridgeRules
        var published = PublishedPorts()
        var balances: [ServiceID: Balance] = [:]
        var policies = PolicyBook()
        /// The kernel's generation after our last change; nil when somebody else may have changed something before it.
        var generation: UInt32?

        var table: Ruleset.Table { rules.table(published.all, balances.values, policies) }
    }

    /// Free ports are taken from here: the range that Linux has for ports that nobody chose (`ip_local_port_range`).
    private static let freePorts: ClosedRange<UInt16> = 32768...60999

    let socket: NetfilterSocket
    let ports: HostPorts
    private let ended: EndedPorts
    let state: Guarded<State>

    init(_ rules: BridgeRules, host: HostNetwork) throws {
        state = Guarded(State(rules: rules))
        socket = try NetfilterSocket(in: host.namespace)
        ports = HostPorts(host: host)
        // A socket of its own: an exchange that lasts long would hold up those that are waited for.
        ended = try EndedPorts(try NetfilterSocket(in: host.namespace))
    }

    var count: Int { state.withLock { $0.published.count } }

    /// Writes the whole table in the place of the one there is, in one instant. Idempotent.
    func write() throws { try state.withLock { try write(&$0) } }

    /// The same with other networks. Atomic: on an error the old ones stay.
    func write(_ rules: BridgeRules) throws {
        try state.withLock { state in
            let before = state.rules
            state.rules = rules
            do { try write(&state) } catch {
                state.rules = before
                throw error
            }
        }
    }

    /// Puts the table back when it is not as it was written; true when that was needed. Quick when nobody changed any.
    func heal() throws -> Bool {
        try state.withLock { state in
            let generation = try socket.generation()
            if generation == state.generation { return false }
            guard try !isWhole(state) else {
                state.generation = generation
                return false
            }
            try write(&state)
            return true
        }
    }
}

// MARK: Publishing
extension Firewall {
    /// Publishes these ports of a container and no others, all or none; answers them with the ports that were chosen.
    /// Connections by ports that stay are left alone. Idempotent.
    ///
    /// - Parameter address: the container's address of a family.
    /// Throws `port.in_use`.
    func publish(
        _ wishes: [PortWishes.Wish], for container: ConnectionID, host: Set<IPAddress>,
        _ address: (IPAddress.Family) -> IPAddress?
    ) throws -> [PublishedPort] {
        try state.withLock { state in
            let present = state.published[container]
            guard !wishes.isEmpty || !present.isEmpty else { return [] }
            var choice = PortChoice(present)
            for wish in wishes where !choice.keep(wish) {
                choice.add(try choose(wish, for: container, besides: choice, state, address))
            }
            try exchange(present.besides(choice.stay), for: choice.added, of: container, &state)
            try forget(besides: .tcp, of: choice.added) { port, flow in
                port.turns(flow, host: host) && flow.reply.source != port.target
            }
            return choice.stay + choice.added
        }
    }

    /// Ends what a container has published, and the connections that came by it. Idempotent.
    func withdraw(_ container: ConnectionID) throws {
        try state.withLock { state in
            try exchange(state.published[container], for: [], of: container, &state)
        }
    }

    private func exchange(
        _ gone: [PublishedPort], for added: [PublishedPort], of container: ConnectionID, _ state: inout State
    ) throws {
        guard !gone.isEmpty || !added.isEmpty else { return }
        state.published.exchange(gone, for: added, of: container)
        do { try exchange(PublishedPort.elements(gone), for: PublishedPort.elements(added), &state) } catch {
            state.published.exchange(added, for: gone, of: container)
            throw error
        }
        try forget(besides: .tcp, of: gone) { $0.led($1) }
        let quick = gone.filter { $0.transport == .tcp }
        if !quick.isEmpty { ended.take(quick) }
    }

    /// A client that sends datagrams again and again from one port goes on to where its first one went, so that these are
    /// forgotten before anybody is told that the port is theirs. TCP begins anew with each connection: nothing waits.
    private func forget(
        besides quick: PortMapping.Transport, of ports: [PublishedPort],
        _ isMeant: (PublishedPort, TrackedFlow) -> Bool
    ) throws(NetlinkError) {
        let lasting = ports.filter { $0.transport != quick }
        guard !lasting.isEmpty else { return }
        try socket.forget { flow in lasting.contains { isMeant($0, flow) } }
    }

    /// Takes up what a container had published before the driver's start; `write` puts it in force. Idempotent.
    func restore(_ ports: [PublishedPort], for container: ConnectionID) {
        state.withLock { state in
            state.published.exchange(state.published[container], for: ports, of: container)
        }
    }

    private func choose(
        _ wish: PortWishes.Wish, for container: ConnectionID, besides choice: PortChoice, _ state: State,
        _ address: (IPAddress.Family) -> IPAddress?
    ) throws -> [PublishedPort] {
        guard let port = wish.mapping.hostPort.flatMap({ UInt16(exactly: $0) }) else {
            return try chooseFree(wish, besides: choice, state, address)
        }
        let ports = try Self.ports(wish, port, address)
        if let holder = holder(of: ports, besides: choice, for: container, state) {
            throw AgentError(
                .portInUse,
                "port \(port)/\(wish.mapping.transport.rawValue) is published by container \(holder.container) already",
                retryable: true,
                details: ["port": .int(Int64(port)), "container": .string(holder.container.description)])
        }
        if let service = state.balances.first(where: { balance in ports.contains { balance.value.conflicts(with: $0) } }
        ) {
            throw AgentError(
                .portInUse,
                "port \(port)/\(wish.mapping.transport.rawValue) is published by the service \(service.key.name) already",
                retryable: true, details: ["port": .int(Int64(port)), "service": .string("\(service.key.name)")])
        }
        if let busy = try ports.first(where: { try !isFree($0, state) }) {
            throw AgentError(
                .portInUse,
                "port \(port)/\(wish.mapping.transport.rawValue) at \(busy.place.address) is held by \(self.ports.holders.text(of: port, wish.mapping.transport))",
                retryable: true, details: ["port": .int(Int64(port)), "holder": "host"])
        }
        return ports
    }

    private func chooseFree(
        _ wish: PortWishes.Wish, besides choice: PortChoice, _ state: State,
        _ address: (IPAddress.Family) -> IPAddress?
    ) throws -> [PublishedPort] {
        let start = Int.random(in: 0..<Self.freePorts.count)
        // From there round: the same port is not given twice in a row, which a client's memory of it would not like.
        for step in 0..<Self.freePorts.count {
            let port = Self.freePorts.lowerBound + UInt16((start + step) % Self.freePorts.count)
            let ports = try Self.ports(wish, port, address)
            let isTaken = ports.contains { state.published.holder(of: $0) != nil || choice.excludes($0) }
            if try !isTaken && ports.allSatisfy({ try isFree($0, state) }) { return ports }
        }
        throw AgentError(.networkExhausted, "the host has no free port for \(wish.mapping)", retryable: true)
    }

    /// Whether no program of the host's has it. The name server has its port at the gateways, which an everywhere leaves
    /// out.
    func isFree(_ port: PublishedPort, _ state: State) throws -> Bool {
        if try ports.isFree(port.hostPort, at: port.place, port.transport) { return true }
        guard case .everywhere = port.place, port.hostPort == BridgeRules.namesPort else { return false }
        return try ports.holders.areOnly(at: state.rules.gateways, port.hostPort, port.transport)
    }

    private func holder(
        of ports: [PublishedPort], besides choice: PortChoice, for container: ConnectionID, _ state: State
    ) -> ConnectionID? {
        if ports.contains(where: choice.excludes) { return container }
        return ports.lazy.compactMap(state.published.holder(of:)).first
    }

    private static func ports(
        _ wish: PortWishes.Wish, _ port: UInt16, _ address: (IPAddress.Family) -> IPAddress?
    ) throws(AgentError) -> [PublishedPort] {
        let inner = UInt16(truncatingIfNeeded: wish.mapping.containerPort)
        return wish.places.compactMap { place in
            address(place.family).map { target in
                PublishedPort(
                    place: place, transport: wish.mapping.transport, hostPort: port, target: target,
                    containerPort: inner)
            }
        }
    }
}

// MARK: The kernel's side
extension Firewall {
    func write(_ state: inout State) throws(NetlinkError) {
        if try !socket.tables().contains(BridgeRules.userID) {
            try socket.write(Ruleset([BridgeRules.userTable]), replacing: false)
        }
        state.generation = nil
        try socket.write(Ruleset([state.table]))
        // What another did before is written over.
        state.generation = try socket.generation()
    }

    /// Puts elements in the place of others, in one instant. The state is as it shall be already.
    func exchange(_ gone: [Elements], for come: [Elements], _ state: inout State) throws(NetlinkError) {
        guard !gone.isEmpty || !come.isEmpty else { return }
        do throws(NetlinkError) {
            try change(&state) { generation throws(NetlinkError) in
                try socket.exchange(gone, for: come, in: BridgeRules.id, generation: generation)
            }
        } catch {
            // ENOENT: somebody flushed the table, so that it is written anew.
            guard error.code == .noSuchFile else { throw error }
            try write(&state)
        }
    }

    /// Makes a change on condition that nobody else has made one: then each transaction counts the generation up by one,
    /// and it need not be read. Where somebody has, the change is made all the same, and ``heal()`` looks at the rest.
    private func change(
        _ state: inout State, _ body: (_ generation: UInt32?) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        let known = state.generation
        state.generation = nil
        do throws(NetlinkError) {
            try body(known)
            state.generation = known.map(NetfilterSocket.generation(after:))
        } catch {
            guard known != nil, error.code == .restart else { throw error }
            try body(nil)
        }
    }

    /// Whether the kernel has our table with all its chains, rules and elements, and the administrator's.
    private func isWhole(_ state: State) throws -> Bool {
        let tables = try socket.tables()
        guard tables.contains(BridgeRules.id), tables.contains(BridgeRules.userID) else { return false }
        let wanted = state.table
        let counts = Dictionary(wanted.chains.map { ($0.name, $0.rules.count) }) { first, _ in first }
        guard try Set(socket.chains(of: BridgeRules.id)) == Set(counts.keys),
            try socket.ruleCounts(of: BridgeRules.id) == counts
        else { return false }
        return try wanted.maps.allSatisfy { map in
            try Set(socket.elements(of: map, in: BridgeRules.id)) == Set(map.elements.map(\.asRead))
        }
    }
}

extension Ruleset.Element {
    /// As the kernel tells of it: where a range of a single key ends is an element of its own there.
    fileprivate var asRead: Ruleset.Element { key.count == 1 ? Ruleset.Element(key, value) : self }
}
