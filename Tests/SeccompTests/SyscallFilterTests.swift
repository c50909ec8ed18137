import Glibc
import Seccomp
import Testing

@Suite struct `A list of system calls` {
    @Test func `is all that is possible for who enters it, by argument too, and the rest fails`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let ends: [SyscallFilter.Call] = ["exit_group", "exit", "write", "futex", "rt_sigprocmask", "munmap"]
            let filter = SyscallFilter(
                allowing: ends + [
                    "close", "no_such_call", .call("socket", where: 0, is: UInt64(AF_INET)),
                    .call("umask", where: 0, lacks: 0o7),
                ], refusingWith: ENOTTY)
            guard filter.enter() == 0 else { exit(1) }
            let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            guard socket >= 0, close(socket) == 0 else { exit(2) }
            guard Glibc.socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0) == -1, errno == ENOTTY else { exit(3) }
            guard fchdir(0) == -1, errno == ENOTTY else { exit(4) }
            // The C library does not expect umask to fail, and hands on what the kernel says.
            guard umask(0o70) <= 0o777, umask(0o77) == mode_t(bitPattern: -ENOTTY) else { exit(5) }
            exit(7)
        }
    }
}
