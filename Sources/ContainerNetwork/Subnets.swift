public import Model
public import Netlink

/// What can be a network of containers.
public enum Subnets {
    /// Throws `network.refused`.
    public static func four(_ text: String) throws(AgentError) -> IPPrefix {
        guard let prefix = IPPrefix(text), prefix.family == .v4, prefix.network == prefix,
            (8...29).contains(prefix.length), !prefix.address.isLoopback, !prefix.address.isMulticast
        else {
            throw AgentError(
                .networkRefused,
                "subnet \"\(text)\" must be a network of version 4 from /8 to /29, such as 10.88.0.0/20")
        }
        return prefix
    }

    /// Throws `network.refused`.
    public static func six(_ text: String) throws(AgentError) -> IPPrefix {
        guard let prefix = IPPrefix(text), prefix.family == .v6, prefix.network == prefix,
            (32...112).contains(prefix.length), !prefix.address.isLinkLocal, !prefix.address.isMulticast
        else {
            throw AgentError(
                .networkRefused,
                "subnet6 \"\(text)\" must be \"off\" or a network of version 6 from /32 to /112, such as fd00:1::/64")
        }
        return prefix
    }

    /// One subnet of each version at the most. Throws `network.refused`.
    public static func pair(_ texts: [String]) throws(AgentError) -> (four: IPPrefix?, six: IPPrefix?) {
        var (four, six): (IPPrefix?, IPPrefix?) = (nil, nil)
        for text in texts {
            let isSix = text.contains(":")
            guard isSix ? six == nil : four == nil else {
                throw AgentError(.networkRefused, "subnet \"\(text)\": a network has one subnet of each version")
            }
            if isSix { six = try Subnets.six(text) } else { four = try Subnets.four(text) }
        }
        return (four, six)
    }

    /// A part of a subnet, from which addresses are chosen. Throws `network.refused`.
    public static func range(_ text: String, of subnet: IPPrefix?) throws(AgentError) -> IPPrefix {
        guard let range = IPPrefix(text), range.network == range, let subnet, subnet.contains(range.address),
            range.length >= subnet.length
        else {
            throw AgentError(
                .networkRefused, "range \"\(text)\" must be a part of the network's subnet, which must be given with it"
            )
        }
        return range
    }
}
