import Linux
import Testing

@testable import IsolationLinux

/// A call as a filter sees it: `struct seccomp_data` without the instruction pointer.
private struct Call {
    var architecture: UInt32
    var number: UInt32
    var argument: UInt64 = 0

    func word(at offset: UInt32) -> UInt32? {
        switch offset {
        case 0: number
        case 4: architecture
        case 16: UInt32(truncatingIfNeeded: argument)
        default: nil
        }
    }
}

extension SeccompProgram {
    /// What the kernel would answer; `nil` for an instruction that it would refuse, or a way out of the program.
    fileprivate func answer(_ call: Call) -> UInt32? {
        var (place, accumulator) = (0, UInt32(0))
        while instructions.indices.contains(place) {
            let instruction = instructions[place]
            place += 1
            switch instruction.code {
            case 0x20:
                guard let word = call.word(at: instruction.value) else { return nil }
                accumulator = word
            case 0x54: accumulator &= instruction.value
            case 0x05: place += Int(instruction.value)
            case 0x15: place += Int(accumulator == instruction.value ? instruction.ifTrue : instruction.ifFalse)
            case 0x35: place += Int(accumulator >= instruction.value ? instruction.ifTrue : instruction.ifFalse)
            case 0x06: return instruction.value
            default: return nil
            }
        }
        return nil
    }
}

struct SeccompProgramTests {
    private let profile = SyscallProfile.standard
    private let tables: [SyscallTable]
    private let program: SeccompProgram

    init() throws {
        tables = try [SeccompFilter.architecture, SeccompFilter.compatibleArchitecture].map { try SyscallTable($0) }
        program = SeccompProgram([
            .init(profile, native: true, table: tables[0]), .init(profile, native: false, table: tables[1]),
        ])
    }

    private func expected(_ verdict: SyscallProfile.Verdict?, _ argument: UInt64) -> UInt32 {
        switch verdict {
        case nil: SyscallProfile.Answer.fail(.noSuchCall).action
        case .always(let answer): answer.action
        case .allowed(let mask, let values, let otherwise):
            (values.contains(UInt32(truncatingIfNeeded: argument) & mask) ? .allow : otherwise).action
        }
    }

    @Test(arguments: [0, 1]) func `every number gets what the profile says`(index: Int) {
        let table = tables[index]
        let verdicts = profile.verdicts(native: index == 0)
        var byNumber: [UInt32: SyscallProfile.Verdict] = [:]
        for (name, verdict) in verdicts { if let number = table[name] { byNumber[number] = verdict } }
        let arguments: [UInt64] = [0, 1, 2, 8, 10, 16, 17, 38, 40, 0x1000_0000, 0x4000_0011, 1 << 32 | 40, .max]
        let numbers = Array(0..<2048) + byNumber.keys + [0x4000_0000, 0x4000_0027, 0x7FFF_FFFF, .max]
        for number in numbers {
            for argument in arguments {
                let call = Call(architecture: table.architecture, number: number, argument: argument)
                #expect(program.answer(call) == expected(byNumber[number], argument), "\(call)")
            }
        }
    }

    @Test func `another architecture is answered ENOSYS`() {
        for number in 0..<UInt32(512) {
            #expect(program.answer(Call(architecture: 0xC000_00F3, number: number)) == 0x0005_0026)
        }
    }

    @Test func `the kernel takes it`() throws {
        #expect(program.instructions.count < 4096)
        #expect(program.bytes.count == program.instructions.count * 8)
        #expect(program.bytes.prefix(8) == [0x20, 0, 0, 0, 4, 0, 0, 0])
    }

    @Test func `long jumps are made where short ones don't reach`() {
        let answers = Dictionary(
            uniqueKeysWithValues: (0..<UInt32(3000)).map { ($0 * 2, SyscallProfile.Verdict.always(.allow)) })
        let long = SeccompProgram([.init(architecture: 1, answers: answers)])
        for number in 0..<UInt32(6002) {
            let expected = number % 2 == 0 && number < 6000 ? SyscallProfile.Answer.allow : .fail(.noSuchCall)
            #expect(long.answer(Call(architecture: 1, number: number)) == expected.action)
        }
    }
}
