import ContainerNetwork
import JSON
import Linux
import Model
import Netlink

extension Firewall {
    /// Puts a service in force as it shall be now; slots whose container stays are not touched. All or nothing.
    /// Idempotent.
    ///
    /// Throws `port.in_use`.
    func balance(_ service: ServiceID, _ balance: Balance) throws {
        try state.withLock { state in
            let before = state.balances[service] ?? Balance()
            guard balance != before else { return }
            for front in balance.fronts where !before.fronts.contains(front) && !balance.isOwn(front) {
                try refuseTaken(front, by: service, state)
            }
            state.balances[service] = balance.addresses.isEmpty ? nil : balance
            do { try exchange(before, for: balance, &state) } catch {
                state.balances[service] = before.addresses.isEmpty ? nil : before
                throw error
            }
            try forget(before, now: balance)
        }
    }

    private func exchange(_ old: Balance, for new: Balance, _ state: inout State) throws(NetlinkError) {
        try exchange(
            Self.sets(old, besides: new) + old.elements(besides: new),
            for: Self.sets(new, besides: old) + new.elements(besides: old), &state)
    }

    /// Idempotent.
    func endBalance(_ service: ServiceID) throws { try balance(service, Balance()) }

    /// Takes up what was in force before the driver's start; `write` puts it in force. Idempotent.
    func restore(_ balance: Balance, of service: ServiceID) { state.withLock { $0.balances[service] = balance } }

    private static func sets(
        _ own: Balance, besides other: Balance
    ) -> [(map: Ruleset.Map, elements: [Ruleset.Element])] {
        IPAddress.Family.allCases.flatMap { family in
            zip(BridgeRules.serviceSets(family, [own]), BridgeRules.serviceSets(family, [other])).compactMap {
                own, other in
                let only = own.elements.filter { !other.elements.contains($0) }
                return only.isEmpty ? nil : (own, only)
            }
        }
    }

    /// Datagrams go on to a container that does not stand behind the service any more unless that is forgotten.
    private func forget(_ before: Balance, now: Balance) throws(NetlinkError) {
        let gone = Set(before.targets.values.joined()).subtracting(now.targets.values.joined())
        let ports = Set(before.fronts.filter { $0.transport != .tcp }.map(\.port))
        guard !gone.isEmpty, !ports.isEmpty else { return }
        try socket.forget { flow in
            gone.contains(flow.reply.source) && ports.contains(flow.original.destinationPort)
        }
    }

    private func refuseTaken(_ front: Balance.Front, by service: ServiceID, _ state: State) throws {
        let port = PublishedPort(
            place: front.place, transport: front.transport, hostPort: front.port, target: .any(front.place.family),
            containerPort: front.targetPort)
        let others = state.balances.filter { $0.key != service && $0.value.conflicts(with: port) }.keys
        var holder =
            state.published.holder(of: port).map { "container \($0.container)" }
            ?? others.first.map { "the service \($0.name)" }
        if try holder == nil && !isFree(port, state) { holder = ports.holders.text(of: front.port, front.transport) }
        guard let holder else { return }
        throw AgentError(
            .portInUse, "port \(front.port)/\(front.transport.rawValue) is held by \(holder) already", retryable: true,
            details: ["port": .int(Int64(front.port))])
    }
}

extension Balance {
    /// Whether it is a port of the service's own address, where nobody else can have one.
    fileprivate func isOwn(_ front: Front) -> Bool { addresses.contains(front.place.address) }
}
