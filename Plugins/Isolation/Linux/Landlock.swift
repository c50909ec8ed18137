import LaunchPlan
import Model

/// The Landlock domain of a container: what is always in it, and what a spec adds.
///
/// Signals are not scoped: the PID namespace keeps them in, and a domain would keep a program apart from those that were
/// started beside it, which are in domains of their own.
struct LandlockDomain {
    private enum Files {
        static let execute: UInt64 = 1 << 0
        static let readFile: UInt64 = 1 << 2
        static let readDirectory: UInt64 = 1 << 3
        static let makeCharacterDevice: UInt64 = 1 << 6
        static let makeBlockDevice: UInt64 = 1 << 11
        /// Links and renames from one directory to another. The kernel refuses them in any domain that doesn't allow it.
        static let refer: UInt64 = 1 << 13
        /// All until version 5 of Landlock.
        static let all: UInt64 = 1 << 16 - 1
        static let devices = makeCharacterDevice | makeBlockDevice
        static let look = execute | readFile | readDirectory
    }

    private enum Ports {
        static let bind: UInt64 = 1 << 0
        static let connect: UInt64 = 1 << 1
    }

    /// `LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET`.
    private static let abstractSockets: UInt64 = 1 << 0

    let wish: LandlockSpec?
    let sharesNetwork: Bool
    /// No more than what was asked for: for a program that sees all of the container and manages it.
    let isBare: Bool

    /// `nil` when there is nothing to restrict.
    var rules: LandlockRules? {
        guard wish?.off != true else { return nil }
        var rules = LandlockRules(files: 0, network: 0, scope: 0)
        if !isBare { addDevices(to: &rules) }
        addPaths(to: &rules)
        addPorts(to: &rules)
        return rules.files | rules.network | rules.scope == 0 ? nil : rules
    }

    /// Nobody makes a device. A domain that decides on files also forbids every change of mounts.
    private func addDevices(to rules: inout LandlockRules) {
        rules.files = Files.devices | Files.refer
        rules.paths.append(LandlockRules.PathRule(path: "/", access: Files.refer))
        // In a network namespace of its own there are no other's abstract sockets.
        if sharesNetwork { rules.scope = Self.abstractSockets }
    }

    private func addPaths(to rules: inout LandlockRules) {
        guard wish?.readOnly != nil || wish?.readWrite != nil else { return }
        let write = Files.all & ~Files.devices
        rules.files = Files.all
        rules.paths = ["/proc"].map { LandlockRules.PathRule(path: $0, access: Files.look) }
        // Programs count on /dev, which is the container's own and holds nothing of the host.
        rules.paths += ["/dev"].map { LandlockRules.PathRule(path: $0, access: write) }
        rules.paths += (wish?.readOnly ?? []).map { LandlockRules.PathRule(path: $0, access: Files.look) }
        rules.paths += (wish?.readWrite ?? []).map { LandlockRules.PathRule(path: $0, access: write) }
    }

    private func addPorts(to rules: inout LandlockRules) {
        for (wanted, access) in [(wish?.bindPorts, Ports.bind), (wish?.connectPorts, Ports.connect)] {
            guard let wanted else { continue }
            rules.network |= access
            rules.ports += wanted.map { LandlockRules.PortRule(port: UInt16(truncatingIfNeeded: $0), access: access) }
        }
    }
}

extension LandlockSpec {
    /// Whether it asks for more than the standard domain.
    var isStrict: Bool { off != true && (readOnly ?? readWrite) != nil || hasPorts }

    private var hasPorts: Bool { off != true && (bindPorts ?? connectPorts) != nil }

    /// Throws `security.refused` for what this kernel can't keep: a wall that was asked for must stand.
    func check(version: Int) throws(AgentError) {
        let problems: [(Bool, String)] = [
            (isStrict && version < 1, "this kernel has no Landlock: it needs Linux 5.13 with landlock among its lsm="),
            (hasPorts && version < 4, "Landlock's rules for ports need Linux 6.7"),
            (
                (readOnly ?? []).contains { !$0.hasPrefix("/") } || (readWrite ?? []).contains { !$0.hasPrefix("/") },
                "paths for Landlock are absolute"
            ),
            (
                ((bindPorts ?? []) + (connectPorts ?? [])).contains { !(0...65535).contains($0) },
                "ports for Landlock are 0 to 65535"
            ),
        ]
        if let problem = problems.first(where: \.0) { throw AgentError(.securityRefused, problem.1) }
    }
}
