import Drivers
import LaunchPlan
import Linux
import Model

/// A program's walls, as the container's options want them and as this host can build them.
struct Walls {
    let isPrivileged: Bool
    let capabilities: Capabilities
    let noNewPrivileges: Bool
    /// The compiled system call filter; `nil` lets every call through.
    let filter: Descriptor?
    let landlock: LandlockRules?
    let label: Label?
    /// Paths of /proc and /sys that are hidden, and that are read-only.
    let masked: [String]
    let readOnly: [String]
    let limits: ResourceLimits
    let sysctls: [Sysctl]
    let oomScore: Int?

    struct Label: Hashable {
        var module: LabelModule
        var text: String
    }

    /// Where the program will be.
    struct Place {
        var hasUserNamespace: Bool
        var sharesNetwork: Bool
        /// Beside the container's first program.
        var isExec = false
    }

    /// Throws `security.refused`, `request.invalid` and `limit.unavailable`: what was asked for is never left out in silence.
    init(_ options: IsolationOptions, in place: Place, on host: HostFacts, filters: FilterStore) throws {
        let wish = options.security ?? SecuritySpec()
        isPrivileged = wish.privileged ?? false
        capabilities = try wish.capabilities(in: place, on: host)
        noNewPrivileges = wish.noNewPrivileges ?? !isPrivileged
        filter = try wish.filter(for: capabilities, from: filters)
        landlock = try wish.landlock(for: capabilities, in: place, on: host)
        label = try wish.label(on: host)
        (masked, readOnly) = try wish.kernelPaths()
        limits = try ResourceLimits(options.resourceLimits ?? [], on: host)
        sysctls = try (options.sysctls ?? [:]).sorted { $0.key < $1.key }.map {
            try Sysctl($0.key, $0.value, ownsNetwork: !place.sharesNetwork)
        }
        if let score = options.oomScore, !(-1000...1000).contains(score) {
            throw AgentError(.requestInvalid, "oom_score is -1000 to 1000, not \(score)")
        }
        oomScore = options.oomScore ?? host.oomScore
    }
}

extension SecuritySpec {
    fileprivate var isPrivileged: Bool { privileged ?? false }

    fileprivate func capabilities(in place: Walls.Place, on host: HostFacts) throws(AgentError) -> Capabilities {
        let base = isPrivileged ? Capabilities.all : .standard
        let wanted = try Capabilities(adding: capAdd ?? [], dropping: capDrop ?? [], to: base)
        // A new user namespace has them all; without one the agent can give no more than it has.
        return place.hasUserNamespace ? wanted : wanted.intersection(host.capabilities)
    }

    fileprivate func filter(for capabilities: Capabilities, from store: FilterStore) throws -> Descriptor? {
        switch seccomp {
        case "unconfined": nil
        case let path?: try store.written(at: path, for: capabilities)
        case nil: isPrivileged ? nil : try store.standard(for: capabilities)
        }
    }

    /// A program that may mount would be of no use in a domain, which forbids it; rules that were asked for stay.
    fileprivate func landlock(
        for capabilities: Capabilities, in place: Walls.Place, on host: HostFacts
    ) throws(AgentError) -> LandlockRules? {
        try landlock?.check(version: host.landlock)
        let mayMount = isPrivileged || capabilities.isSuperset(of: "SYS_ADMIN")
        // In a domain of its own, a program beside the container's first could not look into it: no gdb, no /proc/1/fd.
        let isBare = mayMount || place.isExec && !place.sharesNetwork
        // Version 1 forbids all links and renames between directories, and can't be told otherwise.
        guard host.landlock >= 2 || landlock?.isStrict == true else { return nil }
        return LandlockDomain(wish: landlock, sharesNetwork: place.sharesNetwork, isBare: isBare).rules
    }

    fileprivate func label(on host: HostFacts) throws(AgentError) -> Walls.Label? {
        let wishes: [(module: LabelModule, name: String, label: String?, isThere: Bool)] = [
            (.apparmor, "AppArmor", apparmor, host.hasAppArmor), (.selinux, "SELinux", selinux, host.hasSELinux),
        ]
        for wish in wishes {
            guard let label = wish.label, label != "unconfined", label != "disable" else { continue }
            guard wish.isThere else {
                throw AgentError(
                    .securityRefused, "\"\(label)\" can't be the \(wish.name) label: this host has no \(wish.name)")
            }
            guard !label.isEmpty, label.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw AgentError(.securityRefused, "\"\(label)\" is no \(wish.name) label")
            }
            guard wish.module != .apparmor || host.profiles()?.have(label) ?? true else {
                throw AgentError(
                    .securityRefused,
                    "the AppArmor profile \"\(label)\" is not loaded: apparmor_parser --replace FILE loads it")
            }
            return Walls.Label(module: wish.module, text: label)
        }
        return nil
    }

    fileprivate func kernelPaths() throws(AgentError) -> (masked: [String], readOnly: [String]) {
        let shown = Set(unmask ?? [])
        if isPrivileged || shown.contains("ALL") { return ([], []) }
        let known = KernelPaths.masked + KernelPaths.readOnly
        if let stranger = shown.sorted().first(where: { !known.contains($0) }) {
            throw AgentError(
                .securityRefused,
                "\(stranger) is not hidden: ALL, or one of \(known.joined(separator: ", ")) can be shown")
        }
        return (KernelPaths.masked.filter { !shown.contains($0) }, KernelPaths.readOnly.filter { !shown.contains($0) })
    }
}
