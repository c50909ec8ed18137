import Linux
import Testing

@testable import IsolationLinux

struct SyscallProfileTests {
    private let profile = SyscallProfile.standard

    @Test func `no call is in two lists`() {
        let names = (profile.allowed + profile.refused).flatMap(\.names)
        let conditional = Array(profile.conditional.keys) + profile.nativeConditional.keys
        #expect(Set(names).count == names.count)
        #expect(Set(names).isDisjoint(with: conditional))
    }

    @Test func `each group has a reason`() {
        #expect((profile.allowed + profile.refused).allSatisfy { !$0.reason.isEmpty && !$0.names.isEmpty })
    }

    @Test(arguments: [
        "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "keyctl", "add_key", "unshare", "setns", "mount",
        "open_by_handle_at", "kexec_load", "init_module", "settimeofday", "pivot_root",
    ])
    func `what opens the kernel is refused`(name: String) {
        #expect(profile.refused.contains { $0.names.contains(name) })
    }

    @Test func `clone3 is unknown, so that C libraries turn to clone`() {
        #expect(profile.verdicts(native: true)["clone3"] == nil)
    }

    @Test func `libseccomp knows what matters`() throws {
        let table = try SyscallTable(SeccompFilter.architecture)
        for name in ["read", "clone", "socket", "openat2", "bpf", "io_uring_setup"] { #expect(table[name] != nil) }
        #expect(table["no_such_call"] == nil)
        #expect(throws: (any Error).self) { try SyscallTable("no_such_machine") }
    }

    @Test func `nobody can change the compiled filter`() throws {
        let filter = try SeccompFilter(profile)
        #expect(throws: Errno.notPermitted) { try filter.program.write([0]) }
    }
}
