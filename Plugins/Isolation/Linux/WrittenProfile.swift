import JSON
import Model

/// A system call profile in docker's JSON form, as people write and share them.
struct WrittenProfile: Decodable {
    var defaultAction: String
    var defaultErrnoRet: UInt32?
    var archMap: [Architecture]?
    var architectures: [String]?
    var syscalls: [Rule]?

    struct Architecture: Decodable {
        var architecture: String
        var subArchitectures: [String]?
    }

    struct Rule: Decodable {
        var names: [String]?
        var name: String?
        var action: String
        var errnoRet: UInt32?
        var args: [Argument]?
        var includes: Condition?
        var excludes: Condition?
    }

    struct Argument: Decodable {
        var index: UInt32
        var value: UInt64
        var valueTwo: UInt64?
        var op: String
    }

    /// When a rule counts, or does not.
    struct Condition: Decodable {
        var arches: [String]?
        var caps: [String]?
        var minKernel: String?
    }

    /// Throws `security.refused`. The text is the caller's to read: a message tells of no more than a place in it.
    init(_ bytes: [UInt8], named path: String) throws(AgentError) {
        do {
            self = try JSONValue(parsing: bytes).decode(unknownKeys: .ignore)
        } catch {
            throw AgentError(
                .securityRefused, "\(path) is no seccomp profile in docker's JSON form", cause: ["\(error.message)"])
        }
    }
}

extension WrittenProfile {
    /// What a profile's conditions are judged by.
    struct Circumstances {
        var capabilities: Capabilities
        var kernel: KernelVersion
        /// As docker names it: `amd64`, `arm64`.
        var architecture: String
    }

    /// The rules that count.
    func rules(in circumstances: Circumstances) -> [Rule] {
        (syscalls ?? []).filter { rule in
            (rule.includes?.isMet(in: circumstances) ?? true) && !(rule.excludes?.isTouched(by: circumstances) ?? false)
        }
    }
}

extension WrittenProfile.Condition {
    /// Every word of it holds.
    fileprivate func isMet(in circumstances: WrittenProfile.Circumstances) -> Bool {
        (arches.map { $0.isEmpty || $0.contains(circumstances.architecture) } ?? true)
            && capabilities.allSatisfy { $0.map { circumstances.capabilities.isSuperset(of: $0) } ?? false }
            && (kernel.map { circumstances.kernel >= $0 } ?? true)
    }

    /// Any word of it holds.
    fileprivate func isTouched(by circumstances: WrittenProfile.Circumstances) -> Bool {
        (arches ?? []).contains(circumstances.architecture)
            || capabilities.contains { $0.map { circumstances.capabilities.isSuperset(of: $0) } ?? false }
            || (kernel.map { circumstances.kernel >= $0 } ?? false)
    }

    /// `nil` for a name that this driver doesn't know, which nobody can have.
    private var capabilities: [Capabilities?] { (caps ?? []).map { try? Capabilities(named: $0) } }

    private var kernel: KernelVersion? { minKernel.map(KernelVersion.init) }
}

/// The first two numbers of a kernel's release.
struct KernelVersion: Comparable {
    let numbers: [Int]

    init(_ release: String) {
        numbers = release.split { !("0"..."9").contains($0) }.prefix(2).compactMap { Int($0) }
    }

    static func < (left: Self, right: Self) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
}
