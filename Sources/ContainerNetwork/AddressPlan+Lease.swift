internal import JSON
public import Model
public import Netlink

/// Addresses of a network that a container has.
public struct Lease: Sendable {
    /// One, or two when both were asked for.
    public let numbers: Set<UInt32>
    public let addresses: [IPPrefix]
}

extension AddressPlan {
    /// Takes the addresses that were asked for, and chooses the others. All or none.
    ///
    /// - Parameter others: Addresses that are somebody else's.
    /// Throws `network.exhausted`, `address.in_use`, and `network.refused` for an address that is none of the network.
    public func lease(
        _ wishes: [IPAddress], from leases: inout Leases, besides others: Set<IPAddress> = []
    ) throws(AgentError) -> Lease {
        let foreign = Set(others.compactMap { host($0) })
        guard !wishes.isEmpty else {
            guard let number = leases.take(besides: foreign) else { throw exhausted }
            return Lease(numbers: [number], addresses: addresses(ofHost: number))
        }
        guard Set(wishes.map(\.family)).count == wishes.count else {
            throw AgentError(.networkRefused, "a container has one address of each version on a network")
        }
        var numbers: [IPAddress.Family: UInt32] = [:]
        for wish in wishes {
            numbers[wish.family] = try number(of: wish)
            if others.contains(wish) { throw inUse(wish) }
        }
        let before = leases
        do throws(AgentError) { return try lease(numbers, from: &leases, besides: foreign) } catch {
            leases = before
            throw error
        }
    }

    private func lease(
        _ wishes: [IPAddress.Family: UInt32], from leases: inout Leases, besides foreign: Set<UInt32>
    ) throws(AgentError) -> Lease {
        var numbers: Set<UInt32> = []
        for (family, number) in wishes where !numbers.contains(number) {
            guard leases.take(number) else { throw inUse(address(family, ofHost: number)?.address) }
            numbers.insert(number)
        }
        // The other version has the same number where that is free, and is in its range.
        guard var other = wishes.values.first else { throw exhausted }
        if wishes.count < subnets.count, wishes[.v4] == nil || foreign.contains(other) {
            guard let chosen = leases.take(besides: foreign) else { throw exhausted }
            other = chosen
            numbers.insert(chosen)
        }
        let addresses = subnets.compactMap { address($0.family, ofHost: wishes[$0.family] ?? other) }
        return Lease(numbers: numbers, addresses: addresses)
    }

    private func number(of wish: IPAddress) throws(AgentError) -> UInt32 {
        guard let number = host(wish) else {
            let subnets = subnets.map(\.description).joined(separator: " and ")
            throw AgentError(
                .networkRefused,
                "a container can't have the address \(wish): the network \(network) has \(subnets), whose first and last addresses are not to be had"
            )
        }
        return number
    }

    private func inUse(_ address: IPAddress?) -> AgentError {
        let text = address.map { "\($0)" } ?? "it"
        return AgentError(
            .addressInUse, "the address \(text) of the network \(network) is taken: choose another",
            retryable: true, details: ["address": .string(text)])
    }

    private var exhausted: AgentError {
        AgentError(
            .networkExhausted,
            "all addresses of the network \(network) are taken: remove containers, or make a network with a larger subnet",
            retryable: true)
    }
}
