/// A system call filter in the kernel's own language (classic BPF over `struct seccomp_data`).
///
/// libseccomp's generator gives every call its own instructions: 1,106 for the standard profile, which the kernel
/// takes 216 us to check and compile at each start. Here neighbours with the same answer are one interval, and a
/// binary search finds it: a quarter of the instructions and of the time.
struct SeccompProgram: Hashable {
    /// `struct sock_filter`.
    struct Instruction: Hashable {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var value: UInt32
    }

    /// What the calls of one architecture get; a number that isn't here gets ENOSYS.
    struct Section: Hashable {
        var architecture: UInt32
        var answers: [UInt32: SyscallProfile.Verdict]
    }

    private(set) var instructions: [Instruction] = []

    init(_ sections: [Section]) {
        instructions = [.load(Field.architecture)]
        for section in sections {
            let body = [.load(Field.number)] + Self.search(Self.intervals(section.answers)[...])
            // Jumps to what does not follow at once are 32 bits wide only without a condition.
            instructions += [
                Instruction(code: Code.jumpIfEqual, ifTrue: 1, value: section.architecture),
                Instruction(code: Code.jump, value: UInt32(body.count)),
            ]
            instructions += body
        }
        instructions.append(.answer(.fail(.noSuchCall)))
    }

    /// As the kernel reads it, in this machine's byte order.
    var bytes: [UInt8] {
        instructions.flatMap { instruction in
            Self.bytes(of: instruction.code) + [instruction.ifTrue, instruction.ifFalse]
                + Self.bytes(of: instruction.value)
        }
    }

    /// Little-endian, as all that Davit is built for.
    private static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
        stride(from: 0, to: value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

// MARK: From answers to instructions
extension SeccompProgram {
    private struct Interval: Hashable {
        /// The first number; it ends where the next begins.
        var start: UInt32
        var verdict: SyscallProfile.Verdict
    }

    /// All numbers from 0 on, neighbours with the same answer as one.
    private static func intervals(_ answers: [UInt32: SyscallProfile.Verdict]) -> [Interval] {
        let unknown = SyscallProfile.Verdict.always(.fail(.noSuchCall))
        var intervals = [Interval(start: 0, verdict: unknown)]
        for number in answers.keys.sorted() {
            let verdict = answers[number] ?? unknown
            if intervals.last?.start == number { intervals.removeLast() }
            if intervals.last?.verdict != verdict { intervals.append(Interval(start: number, verdict: verdict)) }
            if verdict != unknown, number < .max { intervals.append(Interval(start: number + 1, verdict: unknown)) }
        }
        return intervals
    }

    private static func search(_ intervals: ArraySlice<Interval>) -> [Instruction] {
        guard intervals.count > 1 else { return intervals.first.map { leaf($0.verdict) } ?? [] }
        let middle = intervals.startIndex + intervals.count / 2
        let (low, high) = (search(intervals[..<middle]), search(intervals[middle...]))
        return jump(over: low.count, whenAtLeast: intervals[middle].start) + low + high
    }

    private static func jump(over count: Int, whenAtLeast start: UInt32) -> [Instruction] {
        if let short = UInt8(exactly: count) {
            return [Instruction(code: Code.jumpIfAtLeast, ifTrue: short, value: start)]
        }
        return [
            Instruction(code: Code.jumpIfAtLeast, ifFalse: 1, value: start),
            Instruction(code: Code.jump, value: UInt32(count)),
        ]
    }

    private static func leaf(_ verdict: SyscallProfile.Verdict) -> [Instruction] {
        switch verdict {
        case .always(let answer):
            return [.answer(answer)]
        case .allowed(let mask, let values, let otherwise):
            let tests = values.enumerated().map { index, value in
                Instruction(code: Code.jumpIfEqual, ifTrue: UInt8(values.count - index), value: value)
            }
            return [.load(Field.firstArgument), Instruction(code: Code.and, value: mask)] + tests
                + [.answer(otherwise), .answer(.allow)]
        }
    }
}

extension SeccompProgram.Instruction {
    fileprivate static func load(_ offset: UInt32) -> Self { Self(code: Code.load, value: offset) }

    fileprivate static func answer(_ answer: SyscallProfile.Answer) -> Self {
        Self(code: Code.answer, value: answer.action)
    }
}

/// Offsets in `struct seccomp_data`; of the first argument the lower half.
private enum Field {
    static let number: UInt32 = 0
    static let architecture: UInt32 = 4
    static let firstArgument: UInt32 = 16
}

/// `BPF_*` of `<linux/bpf_common.h>`.
private enum Code {
    static let load: UInt16 = 0x20
    static let and: UInt16 = 0x54
    static let jump: UInt16 = 0x05
    static let jumpIfEqual: UInt16 = 0x15
    static let jumpIfAtLeast: UInt16 = 0x35
    static let answer: UInt16 = 0x06
}

extension SyscallProfile.Answer {
    /// `SECCOMP_RET_ALLOW` and `SECCOMP_RET_ERRNO`.
    var action: UInt32 {
        switch self {
        case .allow: 0x7FFF_0000
        case .fail(let errno): 0x0005_0000 | errno.rawValue
        }
    }
}
