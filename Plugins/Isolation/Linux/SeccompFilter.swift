import CSeccomp
import Linux
import Model

/// The kernel's form of a `SyscallProfile`, compiled by libseccomp.
///
/// Compiling takes milliseconds, so it is done once, when the driver opens; a launch only hands the descriptor on.
struct SeccompFilter {
    /// A sealed memfd with `struct sock_filter` records.
    let program: Descriptor
    /// Calls that this libseccomp is too old to know; they get ENOSYS like all unknown ones.
    let unknownCalls: [String]

    /// Throws `host.failed` with the step that libseccomp refused.
    init(_ profile: SyscallProfile) throws {
        let native = try SeccompContext(architecture: Self.architecture)
        try native.add(profile.nativeConditional)
        let compatible = try SeccompContext(architecture: Self.compatibleArchitecture)
        try compatible.add(profile.compatibleAllowed, .allow)
        for context in [native, compatible] {
            try context.add(profile.allowed, .allow)
            try context.add(profile.refused, .fail(.notPermitted))
            try context.add(profile.conditional)
        }
        unknownCalls = native.unknownCalls
        try native.merge(compatible)
        program = try native.export()
    }

    // x32 is left out: nearly unused, and a second numbering of every call.
    #if arch(x86_64)
        private static let architecture = "x86_64"
        private static let compatibleArchitecture = "x86"
    #elseif arch(arm64)
        private static let architecture = "aarch64"
        private static let compatibleArchitecture = "arm"
    #endif
}

/// One filter in the making. The corresponding C type is `scmp_filter_ctx`.
@safe private final class SeccompContext {
    private var context: scmp_filter_ctx?
    private(set) var unknownCalls: [String] = []

    /// A filter for one architecture; calls of all others get ENOSYS.
    init(architecture name: String) throws {
        unsafe context = seccomp_init(SyscallProfile.Answer.fail(.noSuchCall).action)
        let wanted = unsafe seccomp_arch_resolve_name(name)
        let native = seccomp_arch_native()
        if wanted != native {
            try check("seccomp_arch_add", unsafe seccomp_arch_add(context, wanted))
            try check("seccomp_arch_remove", unsafe seccomp_arch_remove(context, native))
        }
        try set(SCMP_FLTATR_ACT_BADARCH, SyscallProfile.Answer.fail(.noSuchCall).action)
        // A balanced tree: a few comparisons for a call where the list would take a hundred.
        try set(SCMP_FLTATR_CTL_OPTIMIZE, 2)
    }

    deinit { unsafe seccomp_release(context) }

    func add(_ groups: [SyscallProfile.Group], _ answer: SyscallProfile.Answer) throws {
        for name in groups.flatMap(\.names) { try add(name, answer, nil) }
    }

    func add(_ rules: [SyscallProfile.Rule]) throws {
        for rule in rules { try add(rule.name, rule.answer, rule.condition) }
    }

    /// The filter as the kernel takes it, in a file that nobody can change.
    func export() throws -> Descriptor {
        // A pipe holds 64 KiB, a filter at most 32: the write can't wait for the reader.
        let (reader, writer) = try Pipe().ends()
        try check("seccomp_export_bpf", unsafe seccomp_export_bpf(context, writer.rawValue))
        let bytes = try reader.read(upTo: 65536)
        return try MemoryFile.sealed(bytes, name: "davit-seccomp").shared()
    }

    /// Takes over the other's rules and leaves it empty.
    func merge(_ other: SeccompContext) throws {
        try check("seccomp_merge", unsafe seccomp_merge(context, other.context))
        unsafe other.context = nil
    }

    private func add(
        _ name: String, _ answer: SyscallProfile.Answer, _ condition: SyscallProfile.Condition?
    ) throws {
        let number = unsafe seccomp_syscall_resolve_name(name)
        guard number != __NR_SCMP_ERROR else { return unknownCalls.append(name) }
        var comparison = condition?.comparison ?? scmp_arg_cmp()
        let count: UInt32 = condition == nil ? 0 : 1
        try check(name, unsafe seccomp_rule_add_array(context, answer.action, number, count, &comparison))
    }

    private func set(_ attribute: scmp_filter_attr, _ value: UInt32) throws {
        try check("seccomp_attr_set", unsafe seccomp_attr_set(context, attribute, value))
    }

    private func check(_ step: String, _ result: Int32) throws {
        guard result < 0 else { return }
        throw AgentError(
            .hostFailed, "libseccomp refused \(step) of the default system call profile: is it older than 2.5?",
            cause: ["\(step): \(Errno(rawValue: -result))"])
    }
}

extension SyscallProfile.Answer {
    /// SCMP_ACT_ALLOW and SCMP_ACT_ERRNO(), which are macros that Swift doesn't see.
    fileprivate var action: UInt32 {
        switch self {
        case .allow: 0x7FFF_0000
        case .fail(let errno): 0x0005_0000 | errno.rawValue
        }
    }
}

extension SyscallProfile.Condition {
    fileprivate var comparison: scmp_arg_cmp {
        switch self {
        case .equals(let argument, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
        case .masked(let argument, let mask, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
        }
    }
}
