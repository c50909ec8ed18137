import ArgumentParser
import Model
import Testing

@testable import davit

struct CommandLimitTests {
    private func spec(_ arguments: String...) throws -> ContainerSpec {
        let command = try #require(try Davit.parseAsRoot(["run"] + arguments + ["debian"]) as? Run)
        return try command.container.spec(caller: [:])
    }

    @Test func `limits mean what docker's mean`() throws {
        let limits = try spec(
            "-m", "64m", "--memory-swap", "96m", "--memory-high", "48m", "--cpu-shares", "1024", "--cpuset-cpus", "0-1",
            "--cpuset-mems", "0", "--blkio-weight", "500", "--device-read-bps", "/dev/sda:1mb", "--device-write-iops",
            "/dev/sda:100", "--hugepages", "2MB=4m"
        ).limits
        var expected = Limits(memory: 64 << 20)
        expected.swap = 32 << 20
        expected.memoryHigh = 48 << 20
        expected.cpuWeight = 39
        expected.cpuset = "0-1"
        expected.cpusetMems = "0"
        expected.ioWeight = 500
        expected.io = [.init(device: "/dev/sda")]
        expected.io?[0].readBytes = 1 << 20
        expected.io?[0].writeOperations = 100
        expected.hugepages = ["2MB": 4 << 20]
        #expect(limits == expected)
        #expect(try spec("--memory-swap", "-1").limits.swap == -1)
    }

    @Test(arguments: [
        ("/dev/fuse", DeviceSpec(source: "/dev/fuse")),
        ("/dev/fuse:r", DeviceSpec(source: "/dev/fuse", access: "r")),
        ("/dev/fuse:/dev/x", DeviceSpec(source: "/dev/fuse", target: "/dev/x")),
        ("/dev/fuse:/dev/x:rw", DeviceSpec(source: "/dev/fuse", target: "/dev/x", access: "rw")),
        ("nvidia.com/gpu=all", DeviceSpec(source: "nvidia.com/gpu=all")),
    ])
    func `a device is given as docker has it`(text: String, device: DeviceSpec) throws {
        #expect(try spec("--device", text).devices == [device])
    }

    @Test(arguments: [
        ["--device", "fuse"], ["--device", "/dev/fuse:rx"], ["--memory-swap", "64m"], ["--cpu-shares", "1"],
        ["--device-read-bps", "/dev/sda"], ["-m", "64m", "--memory-swap", "32m"],
    ])
    func `what makes no sense is a usage error`(arguments: [String]) {
        #expect(throws: (any Error).self) {
            let command = try #require(try Davit.parseAsRoot(["run"] + arguments + ["debian"]) as? Run)
            _ = try command.container.spec(caller: [:])
        }
    }

    @Test func `an update names what to change`() throws {
        let command = try #require(
            try Davit.parseAsRoot(["update", "-m", "64m", "--restart", "on-failure:3", "--clear", "pids", "web"])
                as? Update)
        #expect(try command.limits.limits == Limits(memory: 64 << 20))
        #expect(command.containers == ["web"])
        #expect(try RestartPolicy(argument: "on-failure:3") == RestartPolicy(.onFailure, retries: 3))
        for text in ["never", "always:3", "on-failure:x", ""] {
            #expect(throws: (any Error).self) { try RestartPolicy(argument: text) }
        }
    }
}
