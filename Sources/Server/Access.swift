internal import Linux
public import Model

/// Who may use the socket: root, and the members of one group.
public struct Access: Sendable {
    private let group: UInt32?

    /// A group that doesn't exist lets root in alone.
    public init(group name: String) { group = try? Self.group(name) }

    func allows(_ peer: PeerCredentials) -> Bool {
        guard peer.uid != 0, let group else { return peer.uid == 0 }
        return peer.gid == group || peer.groups.contains(group)
    }

    static var refusal: AgentError {
        AgentError(
            .accessDenied, "this socket is for root and the agent's group: ask an administrator to add you to it")
    }

    /// The number of a group in /etc/group; throws `config.invalid` when there is none.
    public static func group(_ name: String) throws(AgentError) -> UInt32 {
        let text = (try? Directory(path: "/etc").read("group", limit: 16 << 20)).map {
            String(decoding: $0, as: UTF8.self)
        }
        for line in (text ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, fields[0] == name, let id = UInt32(fields[2]) { return id }
        }
        throw AgentError(.configInvalid, "there is no group \"\(name)\" on this host")
    }
}
