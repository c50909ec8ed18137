import Linux
import Model

/// The compiled filters, each made at its first use and kept: a launch only hands the descriptor on.
final class FilterStore: Sendable {
    private enum Key: Hashable {
        /// By the capabilities that open calls.
        case standard(Capabilities)
        /// By content, since a file may be edited.
        case written([UInt8], Capabilities)
    }

    private let filters = Guarded<[Key: Descriptor]>([:])
    private let kernel: KernelVersion

    /// More are compiled anew at each start.
    private static let capacity = 64
    /// Of a written profile; docker's own is 15 kB.
    private static let sizeLimit = 1 << 20

    /// Compiles the standard filter, which takes a few milliseconds. Throws `host.failed` when that can't be done.
    init(kernel: KernelVersion) throws {
        self.kernel = kernel
        _ = try standard(for: .standard)
    }

    /// The standard profile for a program with these capabilities.
    func standard(for capabilities: Capabilities) throws -> Descriptor {
        try filter(.standard(capabilities.intersection(SyscallProfile.opening))) {
            try SeccompFilter(SyscallProfile.standard.opened(for: capabilities)).program
        }
    }

    /// A profile in a file of the host. Throws `security.refused`.
    func written(at path: String, for capabilities: Capabilities) throws -> Descriptor {
        guard path.hasPrefix("/") else {
            throw AgentError(
                .securityRefused, "seccomp is \"unconfined\" or the absolute path of a profile, not \"\(path)\"")
        }
        let content: [UInt8]
        do { content = try Directory(path: "/").read(path, limit: Self.sizeLimit) } catch {
            throw AgentError(.securityRefused, "the seccomp profile \(path) can't be read").caused(by: error)
        }
        return try filter(.written(content, capabilities)) {
            let circumstances = WrittenProfile.Circumstances(
                capabilities: capabilities, kernel: kernel, architecture: SeccompFilter.dockerArchitecture)
            let profile = try WrittenProfile(content, named: path)
            let bytes = try SeccompCompiler.compile(profile, named: path, in: circumstances)
            return try MemoryFile.sealed(bytes, name: "davit-seccomp").shared()
        }
    }

    /// Two threads may compile the same at once; either result serves.
    private func filter(_ key: Key, _ make: () throws -> Descriptor) throws -> Descriptor {
        if let known = filters.withLock({ $0[key] }) { return known }
        let made = try make()
        filters.withLock { if $0.count < Self.capacity { $0[key] = made } }
        return made
    }
}
