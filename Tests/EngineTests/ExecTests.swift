import Drivers
import LaunchPlan
import Linux
import Model
import TestSupport
import Testing

@testable import Engine

@Suite struct `Running more programs in a container` {
    @Test func `an exec runs in a group of its own and ends with its own status`() async throws {
        try await withRunning { world, id in
            let run = try await world.engine.exec(in: "a", ExecRequest(command: ["sleep"]), stdio: ContainerStdio())
            #expect(run.view.number == 1 && run.view.pid != nil && run.view.exit == nil)
            let group = try #require(world.cgroups.exec(1, of: id))
            #expect(try group.processes() == [Int32(run.view.pid ?? 0)])
            try await world.engine.kill(exec: "1", of: "a", signal: .terminate)
            #expect(try await world.engine.wait(for: run).signal == 15)
            #expect(try await world.engine.exec("1", of: "a").exit?.signal == 15)
            try await world.settled { world.cgroups.execs(of: id).isEmpty }
            #expect(try await world.engine.get("a").status.phase == .running)
        }
    }

    @Test func `it has the container's environment, user and directory, and its own over them`() async throws {
        var spec = try ContainerSpec.test("a")
        (spec.environment, spec.user, spec.workingDirectory) = (["A=1", "B=1"], "guest", "/srv")
        spec.entrypoint = ["/entry"]
        try await withRunning(spec) { world, _ in
            world.script.with { $0.config.environment = ["PATH=/bin", "A=0"] }
            var request = ExecRequest(command: ["env"])
            request.environment = ["B=2"]
            _ = try await world.engine.exec(in: "a", request, stdio: ContainerStdio())
            let plain = try #require(world.script.execs.last)
            #expect(plain.arguments == ["env"])
            #expect(plain.environment == ["PATH=/bin", "A=1", "B=2"])
            #expect(plain.user == "guest" && plain.workingDirectory == "/srv")
            (request.user, request.workingDirectory) = ("0", "/")
            _ = try await world.engine.exec(in: "a", request, stdio: ContainerStdio())
            #expect(world.script.execs.last?.user == "0")
            #expect(world.script.execs.last?.workingDirectory == "/")
        }
    }

    @Test func `what a killed exec has started ends with it, and what an ended one left lives on`() async throws {
        try await withRunning { world, id in
            let main = try #require(try await world.engine.get("a").status.pid)
            for signal in [Signal.kill, .terminate] {
                let run = try await world.engine.exec(in: "a", ExecRequest(command: ["sleep"]), stdio: ContainerStdio())
                let group = try #require(world.cgroups.exec(run.view.number, of: id))
                let sleep = try Directory(path: "/bin").open("sleep")
                let child = try Process.spawn(
                    executable: sleep.rawValue, arguments: ["sleep", "1000"], environment: [], descriptors: [],
                    cgroup: group.descriptor.rawValue)
                let number = child.pid
                let pidfd = child.shared()
                try await world.engine.kill(exec: String(run.view.number), of: "a", signal: signal)
                _ = try await world.engine.wait(for: run)
                try await world.settled { world.cgroups.execs(of: id).isEmpty }
                #expect(try pidfd.waitExit(milliseconds: signal == .kill ? 5000 : 0) == (signal == .kill))
                if signal == .terminate {
                    let group = try Cgroup(World.hierarchy().directory("\(world.cgroup)/\(id)").descriptor)
                    let home = (try? group.existing("main")) ?? group
                    #expect(try Set(home.processes()) == [Int32(main), number])
                    try pidfd.send(signal: 9)
                }
                try pidfd.end()
            }
        }
    }

    @Test func `a container that does not run, or is another's, takes no exec`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.exec(in: "a", ExecRequest(command: ["true"]), stdio: ContainerStdio())
            }
            #expect(error?.code == .containerWrongState)
            #expect(error?.message.contains("start it first") == true)
            let none = await #expect(throws: AgentError.self) { _ = try await world.engine.exec("1", of: "a") }
            #expect(none?.code == .execNotFound)
        }
    }

    @Test(
        arguments: [
            ([], [], nil), ([""], [], nil), (["a\0b"], [], nil), (["a"], ["B"], nil), (["a"], [], "relative"),
        ] as [([String], [String], String?)])
    func `a request that can't be is refused`(
        _ command: [String], _ environment: [String], _ directory: String?
    ) async throws {
        try await withRunning { world, _ in
            var request = ExecRequest(command: command)
            (request.environment, request.workingDirectory) = (environment, directory)
            let wrong = request
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.exec(in: "a", wrong, stdio: ContainerStdio())
            }
            #expect(error?.code == .requestInvalid)
        }
    }

    @Test(arguments: ["plan exec", "launch"])
    func `a start that fails leaves nothing`(_ deed: String) async throws {
        try await withRunning { world, id in
            world.script.fail(deed)
            await #expect(throws: AgentError.self) {
                _ = try await world.engine.exec(in: "a", ExecRequest(command: ["true"]), stdio: ContainerStdio())
            }
            let left = try await world.engine.execs(of: "a")
            #expect(left.isEmpty)
            #expect(world.cgroups.execs(of: id).isEmpty)
            #expect(try world.names("run/containers/\(id)").contains("exec") == (deed == "launch"))
            if deed == "launch" { #expect(try world.names("run/containers/\(id)/exec").isEmpty) }
        }
    }

    @Test func `a launch that the kernel holds is given up`() async throws {
        try await withRunning { world, _ in
            let timers = world.script.with { $0.timers.count }
            world.script.with { $0.words = [] }
            let exec = Task {
                _ = try await world.engine.exec(in: "a", ExecRequest(command: ["x"]), stdio: ContainerStdio())
            }
            try await world.settled { world.script.with { $0.timers.count } > timers }
            for timer in world.script.with({ $0.timers }) { world.line.say(timer) }
            let error = await #expect(throws: AgentError.self) { try await exec.value }
            #expect(error?.code == .containerLaunchFailed && error?.message.contains("30 seconds") == true)
            #expect(try await world.engine.get("a").status.phase == .running)
        }
    }

    @Test func `a program that isn't there is told as such`() async throws {
        try await withRunning { world, _ in
            world.script.with { $0.words = [.failed(step: 0, errno: .noSuchFile), .gone] }
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.exec(in: "a", ExecRequest(command: ["no"]), stdio: ContainerStdio())
            }
            #expect(error?.code == .containerCommandNotFound)
        }
    }

    @Test func `the end of the container ends its execs, and whoever waits hears it`() async throws {
        try await withRunning { world, _ in
            let run = try await world.engine.exec(in: "a", ExecRequest(command: ["sleep"]), stdio: ContainerStdio())
            async let exit = world.engine.wait(for: run)
            try await world.engine.remove("a", force: true)
            #expect(try await exit.signal == 9)
            try await world.assertNothingRuns()
        }
    }

    @Test func `the last 64 that ended are remembered`() async throws {
        try await withRunning { world, id in
            world.script.with { state in
                guard let self = try? Pidfd(pid: Process.pid) else { return }
                state.words = [
                    .launched(pid: 1 << 30, process: self),
                    .exited(ExitRecord(status: 3, signal: nil, oom: false, time: 1)), .gone,
                ]
            }
            for _ in 0..<70 {
                let run = try await world.engine.exec(in: "a", ExecRequest(command: ["x"]), stdio: ContainerStdio())
                #expect(try await world.engine.wait(for: run).status == 3)
            }
            try await world.settled { try world.names("run/containers/\(id)/exec").count == 64 }
            let execs = try await world.engine.execs(of: "a")
            #expect(execs.map(\.number) == Array(7...70))
            #expect(world.cgroups.execs(of: id).isEmpty)
        }
    }

    @Test func `its start and its end are told`() async throws {
        try await withRunning { world, id in
            let before = await world.engine.snapshot().cursor
            let run = try await world.engine.exec(in: "a", ExecRequest(command: ["sleep"]), stdio: ContainerStdio())
            await world.engine.kill(run)
            _ = try await world.engine.wait(for: run)
            let started = try await world.engine.event(after: before, once: true)
            #expect(started?.kind == .execStarted && started?.subject == id.description && started?.exec == "1")
            let exited = try await world.engine.event(after: before + 1, once: true)
            #expect(exited?.kind == .execExited && exited?.exit?.signal == 9)
        }
    }
}

/// Runs `body` in a new world with a container `a` that runs.
private func withRunning(_ spec: ContainerSpec? = nil, _ body: (World, ContainerID) async throws -> Void) async throws {
    try await withWorld { world in
        let view = try await world.engine.create(spec ?? .test("a"))
        _ = try await world.engine.start("a")
        try await body(world, view.id)
    }
}
