import Linux
import Model

/// A profile compiled for this machine's programs and for the 32-bit ones it can run.
struct SeccompFilter {
    /// A sealed memfd with `struct sock_filter` records.
    let program: Descriptor

    /// Throws `host.failed` when libseccomp doesn't know this machine.
    init(_ profile: SyscallProfile) throws {
        let sections = try [
            SeccompProgram.Section(profile, native: true, table: SyscallTable(Self.architecture)),
            SeccompProgram.Section(profile, native: false, table: SyscallTable(Self.compatibleArchitecture)),
        ]
        program = try MemoryFile.sealed(SeccompProgram(sections).bytes, name: "davit-seccomp").shared()
    }

    // x32 is left out: nearly unused, and a second numbering of every call.
    #if arch(x86_64)
        static let architecture = "x86_64"
        static let compatibleArchitecture = "x86"
        static let dockerArchitecture = "amd64"
    #elseif arch(arm64)
        static let architecture = "aarch64"
        static let compatibleArchitecture = "arm"
        static let dockerArchitecture = "arm64"
    #endif
}

extension SeccompProgram.Section {
    /// A call that libseccomp is too old to know is left out, and so gets ENOSYS.
    init(_ profile: SyscallProfile, native: Bool, table: SyscallTable) {
        let verdicts = profile.verdicts(native: native).compactMap { name, verdict in
            table[name].map { ($0, verdict) }
        }
        self.init(
            architecture: table.architecture, answers: Dictionary(verdicts, uniquingKeysWith: { first, _ in first }))
    }
}
