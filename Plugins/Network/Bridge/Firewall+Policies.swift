import ContainerNetwork
import Linux
import Model
import Netlink

extension Firewall {
    /// These policies and no others hold from now on, also for connections that are there. All or nothing. Idempotent.
    ///
    /// - Parameter host: The host's own addresses: it is bound by no policy.
    func enforce(_ policies: [Policy], host: Set<IPAddress>) throws {
        try state.withLock { state in
            let before = state.policies
            state.policies.replace(policies)
            guard state.policies.policies != before.policies else { return }
            do { try write(&state) } catch {
                state.policies = before
                throw error
            }
            guard policies.contains(where: { !$0.isAllowing }) else { return }
            // What the kernel remembers it lets through unasked: what is denied now is asked again.
            let (book, networks) = (state.policies, state.rules.networks)
            try socket.forget { flow in
                let isOurs = flow.original.source.isLoopback || host.contains(flow.original.source)
                return !isOurs && book.denies(flow, networks)
            }
        }
    }

    /// From here on policies mean this container, before it has sent anything. Idempotent.
    func admit(_ member: PolicyMember, _ id: ConnectionID) throws {
        try state.withLock { state in
            let before = state.policies
            let gone = state.policies.remove(id)
            let come = state.policies.add(member, id)
            do { try exchange(gone, for: come, &state) } catch {
                state.policies = before
                throw error
            }
        }
    }

    /// Idempotent.
    func dismiss(_ id: ConnectionID) throws {
        try state.withLock { state in
            let gone = state.policies.remove(id)
            try exchange(gone, for: [], &state)
        }
    }

    /// Takes up a container of before the driver's start; `write` puts it in force. Idempotent.
    func restore(_ member: PolicyMember, _ id: ConnectionID) {
        state.withLock { state in _ = state.policies.add(member, id) }
    }

    /// Takes up policies of before the rules were there; `write` puts them in force. Idempotent.
    func restore(_ policies: [Policy]) { state.withLock { $0.policies.replace(policies) } }
}
