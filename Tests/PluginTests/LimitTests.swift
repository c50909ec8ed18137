import Drivers
import Model
import Testing

@testable import IsolationLinux

@Suite struct `Limits as settings` {
    private func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits()
        change(&limits)
        return limits
    }

    private func lines(_ limits: Limits, replacing old: Limits = Limits()) throws -> [String] {
        try limits.cgroupSettings(replacing: old).map { "\($0.file)=\($0.value)" }
    }

    @Test func `each limit has its file`() throws {
        let all = limits {
            $0.memoryHigh = 1 << 20
            $0.swap = -1
            $0.cpuWeight = 50
            $0.cpuset = "0-1"
            $0.cpusetMems = "0"
            $0.ioWeight = 20
            $0.hugepages = ["2MB": 4 << 20]
            $0.io = [.init(device: "8:16")]
            $0.io?[0].readBytes = 1000
            $0.io?[0].writeOperations = 10
        }
        #expect(
            try lines(all) == [
                "memory.high=1048576", "memory.swap.max=max", "cpu.weight=50", "cpuset.cpus=0-1", "cpuset.mems=0",
                "io.weight=default 20", "io.max=8:16 rbps=1000 wiops=10", "hugetlb.2MB.max=4194304",
                "hugetlb.2MB.rsvd.max=4194304",
            ])
    }

    @Test func `what goes is opened again, before the rest is set`() throws {
        var old = Limits(memory: 64 << 20, pids: 5, cpus: 1)
        old.io = [.init(device: "8:16"), .init(device: "8:32")]
        var new = Limits(pids: 7)
        new.io = [.init(device: "8:32")]
        #expect(
            try lines(new, replacing: old) == [
                "memory.max=max", "memory.oom.group=0", "memory.swap.max=max", "cpu.max=max 100000",
                "io.max=8:16 rbps=max wbps=max riops=max wiops=max", "pids.max=7", "io.max=8:32",
            ])
    }

    @Test(arguments: ["/dev/null", "/no/such", "x"])
    func `a bound on what is no block device is refused`(device: String) throws {
        let error = #expect(throws: AgentError.self) { try lines(limits { $0.io = [.init(device: device)] }) }
        #expect(error?.code == .deviceNotFound)
    }
}
