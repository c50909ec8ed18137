import JSON
import Linux
import Model
import Netlink

/// Addresses of a network that a container has.
struct Lease: Sendable {
    let numbers: Set<UInt32>
    let addresses: [IPPrefix]
}

extension PlugMaker {
    /// Takes the addresses that were asked for, and chooses the others. All or none.
    ///
    /// Throws `network.exhausted`, `address.in_use`, and `network.refused` for an address that is none of the network.
    func lease(_ wishes: [IPAddress]) throws(AgentError) -> Lease {
        guard !wishes.isEmpty else {
            guard let number = leases.withLock({ $0.take() }) else { throw exhausted }
            return Lease(numbers: [number], addresses: bridge.addresses(ofHost: number))
        }
        guard Set(wishes.map(\.family)).count == wishes.count else {
            throw AgentError(.networkRefused, "a container has one address of each version on a network")
        }
        var numbers: [IPAddress.Family: UInt32] = [:]
        for wish in wishes { numbers[wish.family] = try number(of: wish) }
        return try lease(numbers)
    }

    private func lease(_ wishes: [IPAddress.Family: UInt32]) throws(AgentError) -> Lease {
        let taken: Result<Set<UInt32>, AgentError> = leases.withLock { leases in
            var taken: Set<UInt32> = []
            for (family, number) in wishes where !taken.contains(number) {
                guard leases.take(number) else {
                    for number in taken { leases.giveBack(number) }
                    return .failure(inUse(bridge.address(family, ofHost: number)))
                }
                taken.insert(number)
            }
            return .success(taken)
        }
        var numbers = try taken.get()
        // The other version has the same number where that is free, and is in its range.
        guard let first = wishes.values.first else { throw exhausted }
        var other = first
        if wishes.count == 1, bridge.subnets.count == 2, wishes[.v4] == nil {
            guard let chosen = leases.withLock({ $0.take() }) else {
                for number in numbers { leases.withLock { $0.giveBack(number) } }
                throw exhausted
            }
            other = chosen
            numbers.insert(chosen)
        }
        let addresses = bridge.subnets.compactMap { subnet in
            bridge.address(subnet.family, ofHost: wishes[subnet.family] ?? other)
        }
        return Lease(numbers: numbers, addresses: addresses)
    }

    private func number(of wish: IPAddress) throws(AgentError) -> UInt32 {
        guard let number = bridge.host(wish) else {
            let subnets = bridge.subnets.map(\.description).joined(separator: " and ")
            throw AgentError(
                .networkRefused,
                "a container can't have the address \(wish): the network \(bridge.network) has \(subnets), whose first and last addresses are not to be had"
            )
        }
        return number
    }

    private func inUse(_ address: IPPrefix?) -> AgentError {
        let text = address.map { "\($0.address)" } ?? "it"
        return AgentError(
            .addressInUse, "the address \(text) of the network \(bridge.network) is taken: choose another",
            retryable: true, details: ["address": .string(text)])
    }

    private var exhausted: AgentError {
        AgentError(
            .networkExhausted,
            "all addresses of the network \(bridge.network) are taken: remove containers, or make a network with a larger subnet",
            retryable: true)
    }
}
