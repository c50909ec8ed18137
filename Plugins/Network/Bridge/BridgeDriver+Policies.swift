import ContainerNetwork
import Drivers
import Linux
public import Model
import Netlink

extension BridgeDriver {
    /// Before there are networks they are only remembered.
    public func enforce(_ specs: [PolicySpec]) async throws {
        let policies = try specs.map { spec throws(AgentError) in try Policy(spec) }
        try attempting("enforce the policies") {
            let before = self.policies.withLock { own in
                defer { own = policies }
                return own
            }
            guard let rooms = rooms.withLock({ $0 }) else { return }
            do {
                for network in rooms.networks.values { try filter(inside: network.bridge, rooms.route) }
                let host = Set(try rooms.route.addresses().map(\.prefix.address))
                try rooms.firewall.enforce(policies, host: host)
            } catch {
                self.policies.withLock { $0 = before }
                throw error
            }
        }
    }

    /// What containers of one network send to one another passes the rules only where a policy asks for that: it costs
    /// each packet of that network a walk through them. Idempotent. Throws `policy.refused`.
    func filter(inside bridge: Bridge, _ route: RouteSocket) throws {
        guard !bridge.isRouted else { return }
        let policy = policies.withLock { $0.first { $0.binds(inside: bridge) } }
        let isKnown = try host.run { () throws(Errno) in try KernelSetting("bridge/bridge-nf-call-iptables").value() }
        guard isKnown != nil else {
            guard let policy else { return }
            throw AgentError(
                .policyRefused,
                "the policy \(policy.name) binds containers of the network \(bridge.network) among themselves, for which the kernel's module br_netfilter is not loaded: `modprobe br_netfilter` and write it to /etc/modules-load.d, or name another network or `world` on one side"
            )
        }
        try route.change(bridge.index, LinkSettings(bridgeFilters: policy != nil))
    }
}
