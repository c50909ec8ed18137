import JSON
import Model

/// A set of the parts of root's power, bit by the kernel's number (`CAP_*` of `<linux/capability.h>`).
struct Capabilities: OptionSet, Hashable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// By the kernel's number, as capabilities(7) has them without `CAP_`.
    static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]

    static let all = Capabilities(rawValue: 1 << UInt64(names.count) - 1)

    /// The fourteen that images have come to rely on. All of them count in the container's user namespace only.
    static let standard: Capabilities = [
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE",
        "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
    ]

    /// Those in this set, by number.
    var names: [String] { Self.names.indices.filter { rawValue >> UInt64($0) & 1 == 1 }.map { Self.names[$0] } }
}

extension Capabilities: ExpressibleByStringLiteral {
    /// A name that is in the list; any other is the empty set.
    init(stringLiteral name: String) {
        self.init(rawValue: Self.names.firstIndex(of: name).map { 1 << UInt64($0) } ?? 0)
    }
}

extension Capabilities {
    /// The standard ones, with what a spec adds and without what it drops, in docker's order: what is added stays.
    ///
    /// Throws `security.refused` for a name that is none.
    init(adding added: [String], dropping dropped: [String], to base: Capabilities) throws(AgentError) {
        let (add, drop) = (try Wish(added), try Wish(dropped))
        self = add.isAll ? .all : drop.isAll ? [] : base
        subtract(drop.named)
        formUnion(add.named)
    }

    private struct Wish {
        var isAll = false
        var named: Capabilities = []

        init(_ names: [String]) throws(AgentError) {
            for name in names {
                if name.uppercased() == "ALL" { isAll = true } else { named.insert(try Capabilities(named: name)) }
            }
        }
    }

    /// With or without `CAP_`, in any case.
    init(named text: String) throws(AgentError) {
        let upper = text.uppercased()
        let name = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
        guard let number = Self.names.firstIndex(of: name) else {
            let hint = nearest(to: name, among: Self.names).map { "did you mean \($0)?" } ?? "capabilities(7) lists all"
            throw AgentError(.securityRefused, "there is no capability \"\(text)\": \(hint)")
        }
        self.init(rawValue: 1 << UInt64(number))
    }
}
