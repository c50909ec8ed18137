internal import CLinux

/// Which devices the processes of a cgroup may use: everything that no rule allows is refused with EPERM.
///
/// It is a BPF program of the group (Linux 4.15), asked at every open and mknod of a device.
public struct DeviceFilter: Sendable, Hashable {
    public struct Access: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// `BPF_DEVCG_ACC_*` of `<linux/bpf.h>`.
        public static let make = Access(rawValue: 1)
        public static let read = Access(rawValue: 2)
        public static let write = Access(rawValue: 4)
        public static let all: Access = [.make, .read, .write]
    }

    public struct Rule: Sendable, Hashable {
        /// `nil` is either kind.
        public var isBlock: Bool?
        /// `nil` is any.
        public var major: UInt32?
        public var minor: UInt32?
        public var access: Access

        public init(isBlock: Bool? = nil, major: UInt32? = nil, minor: UInt32? = nil, access: Access = .all) {
            self.isBlock = isBlock
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    public var rules: [Rule]

    public init(rules: [Rule]) { self.rules = rules }

    /// Puts the filter on a cgroup, beside those of the groups above it. Needs CAP_SYS_ADMIN, or CAP_BPF and
    /// CAP_NET_ADMIN. It goes with the group.
    public func apply(to cgroup: Descriptor) throws(Errno) {
        let program = self.program
        try check(unsafe davit_filter_devices(cgroup.rawValue, program, program.count))
    }

    /// `struct bpf_insn`: operation, two registers, offset, constant.
    var program: [UInt64] {
        let head = [
            Instruction.load(.kind, offset: 0), .copy(.access, from: .kind), .shiftRight(.access, 16),
            .and(.kind, 0xFFFF), .load(.major, offset: 4), .load(.minor, offset: 8),
        ]
        return (head + rules.flatMap(\.instructions) + [.set(.result, 0), .exit]).map(\.bits)
    }
}

extension DeviceFilter.Rule {
    /// Each condition that does not hold jumps behind the rule's end.
    fileprivate var instructions: [Instruction] {
        var tests: [Instruction] = []
        // BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR
        if let isBlock { tests.append(.skipUnless(.kind, isBlock ? 1 : 2)) }
        if access != .all {
            tests += [
                .copy(.scratch, from: .access), .and(.scratch, ~access.rawValue), .skipUnless(.scratch, 0),
            ]
        }
        if let major { tests.append(.skipUnless(.major, major)) }
        if let minor { tests.append(.skipUnless(.minor, minor)) }
        let all = tests + [.set(.result, 1), .exit]
        return all.enumerated().map { index, instruction in instruction.skipping(to: all.count - index - 1) }
    }
}

/// One instruction of BPF, as far as the filter needs them (`<linux/bpf.h>`).
private struct Instruction {
    enum Register: UInt64 {
        case result = 0
        /// Where the kernel puts the context, r1.
        case context, kind, access, major, minor, scratch
    }

    var bits: UInt64
    private var skips = false

    private init(
        _ operation: UInt64, _ target: Register, _ source: Register = .result, offset: Int = 0, _ constant: UInt32 = 0
    ) {
        bits =
            operation | target.rawValue << 8 | source.rawValue << 12 | UInt64(UInt16(truncatingIfNeeded: offset)) << 16
            | UInt64(constant) << 32
    }

    /// BPF_LDX | BPF_W | BPF_MEM
    static func load(_ target: Register, offset: Int) -> Instruction {
        Instruction(0x61, target, .context, offset: offset)
    }
    /// BPF_ALU64 | BPF_MOV | BPF_X
    static func copy(_ target: Register, from source: Register) -> Instruction { Instruction(0xBF, target, source) }
    /// BPF_ALU | BPF_RSH | BPF_K
    static func shiftRight(_ target: Register, _ count: UInt32) -> Instruction { Instruction(0x74, target, count) }
    /// BPF_ALU | BPF_AND | BPF_K
    static func and(_ target: Register, _ mask: UInt32) -> Instruction { Instruction(0x54, target, mask) }
    /// BPF_ALU64 | BPF_MOV | BPF_K
    static func set(_ target: Register, _ value: UInt32) -> Instruction { Instruction(0xB7, target, value) }
    /// BPF_JMP | BPF_EXIT
    static var exit: Instruction { Instruction(0x95, .result) }

    /// BPF_JMP32 | BPF_JNE | BPF_K, to the end of the rule.
    static func skipUnless(_ register: Register, _ value: UInt32) -> Instruction {
        var jump = Instruction(0x56, register, value)
        jump.skips = true
        return jump
    }

    private init(_ operation: UInt64, _ target: Register, _ constant: UInt32) {
        self.init(operation, target, .result, offset: 0, constant)
    }

    func skipping(to distance: Int) -> Instruction {
        guard skips else { return self }
        var jump = self
        jump.bits |= UInt64(UInt16(truncatingIfNeeded: distance)) << 16
        return jump
    }
}
