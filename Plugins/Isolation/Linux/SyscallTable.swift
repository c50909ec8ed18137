import CSeccomp
import Model

/// The numbers of system calls on one architecture, as libseccomp knows them.
struct SyscallTable {
    /// The kernel's `AUDIT_ARCH_*`.
    let architecture: UInt32
    private let numbers: [String: UInt32]

    /// No architecture numbers its calls higher, but for a few of 32-bit ARM's own.
    private static let end: Int32 = 1024

    /// - Parameter name: As libseccomp writes it: `x86_64`, `x86`, `aarch64`, `arm`.
    ///
    /// Throws `host.failed` when libseccomp knows no such architecture.
    init(_ name: String) throws(AgentError) {
        let architecture = unsafe seccomp_arch_resolve_name(name)
        var numbers: [String: UInt32] = [:]
        // By number, for by name libseccomp answers made-up negative numbers for the socket calls of 32-bit x86.
        for number in 0..<Self.end {
            guard let name = Self.name(of: number, architecture) else { continue }
            numbers[name] = UInt32(number)
        }
        guard architecture != 0, !numbers.isEmpty else {
            throw AgentError(.hostFailed, "libseccomp knows no system calls of \(name): is it older than 2.5?")
        }
        self.architecture = architecture
        self.numbers = numbers
    }

    /// `nil` when this libseccomp, or the architecture, has no such call.
    subscript(_ name: String) -> UInt32? {
        if let number = numbers[name] { return number }
        let number = unsafe seccomp_syscall_resolve_name_arch(architecture, name)
        return number >= Self.end ? UInt32(number) : nil
    }

    private static func name(of number: Int32, _ architecture: UInt32) -> String? {
        var bytes = [CChar](repeating: 0, count: 64)
        guard unsafe davit_syscall_name(architecture, number, &bytes, bytes.count) else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
