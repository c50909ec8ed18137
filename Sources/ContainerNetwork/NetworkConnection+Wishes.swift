public import Model
public import Netlink

extension NetworkConnection {
    /// The addresses that a container asks for. Throws `network.refused` for what is none.
    public func wishedAddresses() throws(AgentError) -> [IPAddress] {
        var wishes: [IPAddress] = []
        for text in addresses ?? [] {
            guard let address = IPAddress(text) else {
                throw AgentError(.networkRefused, "\"\(text)\" is no address for a container")
            }
            wishes.append(address)
        }
        return wishes
    }

    /// The link address that it asks for. Throws `network.refused` for one that no link can have.
    public func wishedMAC() throws(AgentError) -> MACAddress? {
        guard let mac else { return nil }
        guard let address = MACAddress(mac), !address.isMulticast, address.bytes != [0, 0, 0, 0, 0, 0] else {
            throw AgentError(.networkRefused, "\"\(mac)\" is no link address that a container can have")
        }
        return address
    }
}
