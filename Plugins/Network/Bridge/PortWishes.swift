import JSON
import Model
import Netlink

/// Turns what was asked for into elements: each wish into one for each family that it is for.
struct PortWishes {
    let bridge: Bridge
    let publish: BridgeSettings.DefaultPlace
    /// The host's own addresses.
    let host: Set<IPAddress>

    /// A wish for a port, at all its places; the port itself may still be chosen.
    struct Wish {
        var mapping: PortMapping
        var places: [PublishedPort.Place]
    }

    /// Throws `port.refused`.
    func wishes(_ mappings: [PortMapping]) throws(AgentError) -> [Wish] {
        guard !mappings.isEmpty else { return [] }
        guard !bridge.isInternal else {
            throw AgentError(
                .portRefused,
                "\(mappings[0]) can't be published: the network \(bridge.network) is internal")
        }
        var wishes: [Wish] = []
        for mapping in mappings { wishes.append(Wish(mapping: mapping, places: try places(mapping))) }
        return wishes
    }

    private func places(_ mapping: PortMapping) throws(AgentError) -> [PublishedPort.Place] {
        guard UInt16(exactly: mapping.containerPort) ?? 0 > 0,
            mapping.hostPort.map({ UInt16(exactly: $0) ?? 0 > 0 }) ?? true
        else { throw AgentError(.portRefused, "\(mapping) can't be published: a port is 1 to 65535") }
        guard let text = mapping.address else { return try defaultPlaces(mapping) }
        guard let address = IPAddress(text) else {
            throw AgentError(.portRefused, "\(mapping) can't be published: \"\(text)\" is no address")
        }
        return [try place(address, mapping)]
    }

    private func defaultPlaces(_ mapping: PortMapping) throws(AgentError) -> [PublishedPort.Place] {
        let families = bridge.subnets.map(\.family)
        switch publish {
        case .everywhere: return families.map { .everywhere($0) }
        case .loopback: return families.map { .at($0 == .v4 ? .v4(0x7F00_0001) : .v6(1)) }
        case .address(let address): return [try place(address, mapping)]
        }
    }

    private func place(_ address: IPAddress, _ mapping: PortMapping) throws(AgentError) -> PublishedPort.Place {
        guard address.family == .v4 || bridge.subnet6 != nil else {
            throw AgentError(
                .portRefused,
                "\(mapping) can't be published: the network \(bridge.network) has no version 6")
        }
        let place = PublishedPort.Place(address)
        guard case .at = place, !address.isLoopback, !host.contains(address) else { return place }
        throw AgentError(
            .portRefused, "\(mapping) can't be published: \(address) is none of the host's addresses",
            details: ["address": .string("\(address)")])
    }
}
