internal import CSeccomp

/// What a process may ask of the kernel, by libseccomp.
public struct SyscallFilter: Sendable, Hashable {
    /// A call that is allowed, always or with some argument only.
    public struct Call: Sendable, Hashable, ExpressibleByStringLiteral {
        enum Condition: Sendable, Hashable { case always, equals(UInt32, UInt64), lacks(UInt32, UInt64) }

        /// As the kernel's headers have it, such as `openat2`.
        var name: String
        var condition = Condition.always

        public init(stringLiteral name: String) { self.name = name }

        private init(_ name: String, _ condition: Condition) { (self.name, self.condition) = (name, condition) }

        /// With this value of the argument of this number, from 0 on.
        public static func call(_ name: String, where argument: UInt32, is value: UInt64) -> Call {
            Call(name, .equals(argument, value))
        }

        /// With none of these bits in the argument of this number, from 0 on.
        public static func call(_ name: String, where argument: UInt32, lacks bits: UInt64) -> Call {
            Call(name, .lacks(argument, bits))
        }
    }

    private let allowed: [Call]
    private let refusal: UInt32

    /// Every other call fails with this number of errno(3); nothing is killed.
    public init(allowing calls: [Call], refusingWith errno: Int32) {
        // SCMP_ACT_ERRNO of <seccomp.h>.
        (allowed, refusal) = (calls, 0x0005_0000 | UInt32(truncatingIfNeeded: errno) & 0xFFFF)
    }

    /// From here on, for ever, for this thread and those that it makes (`seccomp_load`); sets no_new_privs. 0, or a
    /// negative number of errno(3). A call that this architecture doesn't have is left out.
    public func enter() -> Int32 {
        // NULL means that there is no memory: the action is one that libseccomp knows.
        guard let filter = unsafe seccomp_init(refusal) else { return -12 }
        // Nothing keeps the filter that is made here.
        defer { unsafe seccomp_release(filter) }
        for call in allowed {
            // The filter is alive until the return.
            let result = unsafe Self.add(call, to: filter)
            if result < 0 { return result }
        }
        // The same.
        return unsafe seccomp_load(filter)
    }

    /// The filter must be one of seccomp_init that is not released.
    private static func add(_ call: Call, to filter: scmp_filter_ctx) -> Int32 {
        // The name is read until its NUL, and not kept.
        let number = unsafe seccomp_syscall_resolve_name(call.name)
        guard number >= 0 else { return 0 }
        var comparisons: [scmp_arg_cmp] = []
        switch call.condition {
        case .always: break
        case .equals(let argument, let value):
            comparisons = [scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)]
        case .lacks(let argument, let bits):
            comparisons = [scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: bits, datum_b: 0)]
        }
        // SCMP_ACT_ALLOW. As many comparisons are read as there are.
        return unsafe seccomp_rule_add_array(filter, 0x7FFF_0000, number, UInt32(comparisons.count), comparisons)
    }
}
