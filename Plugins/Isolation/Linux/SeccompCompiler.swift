import CSeccomp
import Linux
import Model

/// Makes a written profile into a filter, by libseccomp.
@safe struct SeccompCompiler: ~Copyable {
    private let context: scmp_filter_ctx
    private let fallback: UInt32
    private let path: String

    private init(_ context: scmp_filter_ctx, fallback: UInt32, path: String) {
        unsafe self.context = context
        self.fallback = fallback
        self.path = path
        // As a binary tree: some profiles name 400 calls, and one is looked up at every call.
        _ = unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
    }

    deinit { unsafe seccomp_release(context) }

    /// The filter as `struct sock_filter` records. Throws `security.refused`.
    static func compile(
        _ profile: WrittenProfile, named path: String, in circumstances: WrittenProfile.Circumstances
    ) throws(AgentError) -> [UInt8] {
        let fallback = try action(profile.defaultAction, profile.defaultErrnoRet, path)
        guard let context = unsafe seccomp_init(fallback) else {
            throw AgentError(.securityRefused, "\(path) has a default action that libseccomp can't compile")
        }
        let compiler = unsafe SeccompCompiler(context, fallback: fallback, path: path)
        compiler.addArchitectures(of: profile)
        for rule in profile.rules(in: circumstances) { try compiler.add(rule) }
        return try compiler.bytes()
    }

    /// Those that libseccomp doesn't know, or that this machine can't run, are left out.
    private func addArchitectures(of profile: WrittenProfile) {
        let own = "SCMP_ARCH_" + SeccompFilter.architecture.uppercased()
        let mapped = (profile.archMap ?? []).filter { $0.architecture == own }.flatMap { $0.subArchitectures ?? [] }
        for name in mapped + (profile.architectures ?? []) where name.hasPrefix("SCMP_ARCH_") {
            let token = unsafe seccomp_arch_resolve_name(name.dropFirst(10).lowercased())
            if token != 0 { _ = unsafe seccomp_arch_add(context, token) }
        }
    }

    private func add(_ rule: WrittenProfile.Rule) throws(AgentError) {
        let action = try Self.action(rule.action, rule.errnoRet, path)
        // libseccomp refuses what the default says anyway.
        guard action != fallback else { return }
        var comparisons: [scmp_arg_cmp] = []
        for argument in rule.args ?? [] { comparisons.append(try comparison(argument)) }
        // Two comparisons of one argument can't be one rule; docker has them as alternatives.
        let isAlternatives = Set(comparisons.map(\.arg)).count < comparisons.count
        let sets = isAlternatives ? comparisons.map { [$0] } : [comparisons]
        for name in (rule.names ?? []) + (rule.name.map { [$0] } ?? []) {
            let number = unsafe seccomp_syscall_resolve_name(name)
            // A call that libseccomp doesn't know gets the default.
            guard number != -1 else { continue }
            for set in sets { try add(action, number, set, name) }
        }
    }

    private func add(_ action: UInt32, _ number: Int32, _ set: [scmp_arg_cmp], _ name: String) throws(AgentError) {
        let result = unsafe seccomp_rule_add_array(context, action, number, UInt32(set.count), set)
        // EEXIST: said already. EDOM: a call of another architecture.
        guard [0, -17, -33].contains(result) else {
            throw AgentError(.securityRefused, "\(path) has a rule for \(name) that libseccomp can't compile")
        }
    }

    private func comparison(_ argument: WrittenProfile.Argument) throws(AgentError) -> scmp_arg_cmp {
        let operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]
        guard argument.index < 6, let place = operators.firstIndex(where: { "SCMP_CMP_" + $0 == argument.op }) else {
            throw AgentError(.securityRefused, "\(path) compares argument \(argument.index) by \(argument.op)")
        }
        return scmp_arg_cmp(
            arg: argument.index, op: scmp_compare(UInt32(place + 1)), datum_a: argument.value,
            datum_b: argument.valueTwo ?? 0)
    }

    private func bytes() throws(AgentError) -> [UInt8] {
        do {
            let pipe = try Pipe(nonblocking: true)
            // A filter of the most instructions that the kernel takes is half of what a pipe holds.
            guard unsafe seccomp_export_bpf(context, pipe.writer.rawValue) == 0 else { throw Errno.invalid }
            let (reader, writer) = pipe.ends()
            _ = consume writer
            return try reader.readAll(limit: 4096 * 8)
        } catch {
            throw AgentError(.securityRefused, "\(path) makes a filter that is too long for the kernel").caused(
                by: error)
        }
    }

    /// `SECCOMP_RET_*` of `<linux/seccomp.h>`.
    private static func action(_ name: String, _ errno: UInt32?, _ path: String) throws(AgentError) -> UInt32 {
        switch name {
        case "SCMP_ACT_ALLOW": return 0x7FFF_0000
        case "SCMP_ACT_LOG": return 0x7FFC_0000
        case "SCMP_ACT_ERRNO": return 0x0005_0000 | (errno ?? 1) & 0xFFFF
        case "SCMP_ACT_TRACE": return 0x7FF0_0000 | (errno ?? 1) & 0xFFFF
        case "SCMP_ACT_TRAP": return 0x0003_0000
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": return 0
        case "SCMP_ACT_KILL_PROCESS": return 0x8000_0000
        default:
            throw AgentError(
                .securityRefused,
                "\(path) has the action \(name): use SCMP_ACT_ALLOW, ERRNO, LOG, TRACE, TRAP, KILL_THREAD or KILL_PROCESS"
            )
        }
    }
}
