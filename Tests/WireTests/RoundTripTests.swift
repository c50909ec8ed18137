import JSON
import Model
import Testing
import Wire

private func fullSpec() throws -> ContainerSpec {
    var spec = ContainerSpec(image: "debian:bookworm")
    spec.name = try ContainerName("web-1")
    (spec.command, spec.entrypoint) = (["-c", "echo \"é\"\n"], ["/bin/sh"])
    (spec.environment, spec.workingDirectory, spec.user) = (["A=b", "C="], "/srv", "1000:1000")
    (spec.hostname, spec.labels, spec.network) = ("host", ["a": "b", "c": ""], "host")
    (spec.readOnly, spec.interactive, spec.remove, spec.stopTimeout) = (true, true, true, 0)
    spec.dns = DNSSpec(servers: ["192.0.2.1"], search: [], options: ["ndots:2"])
    spec.limits = Limits(memory: 64 << 20, pids: 10, cpus: 0.5)
    return spec
}

private let wrong: [(JSONValue, String, String)] = [
    (["image": "a", "comand": []], "params.comand", "did you mean \"command\"?"),
    (["image": "a", "command": "sh"], "params.command", "an array"),
    (["command": []], "params.image", "missing"),
    (["image": "a", "name": "-bad"], "params.name", ""),
    (["image": "a", "limits": ["memroy": 1]], "params.limits.memroy", "memory"),
    (["image": "a", "limits": ["memory": "1g"]], "params.limits.memory", "a whole number"),
    (["image": "a", "stdio": ["stdout": -1.5]], "params.stdio.stdout", "a whole number"),
    (["image": "a", "labels": ["x": nil]], "params.labels.x", "a string"),
]

struct RoundTripTests {
    @Test func `the spec that container get gives feeds container create`() throws {
        for spec in [ContainerSpec(image: "a"), try fullSpec()] {
            let info = ContainerInfo(
                id: .random(), spec: spec, state: ContainerStatus(phase: .created, createdAt: 1), image: "sha256:0")
            let line = String(json: try JSONValue(encoding: info))
            let given = try JSONValue(parsing: line)["spec"]
            #expect(try given?.decode(ContainerCreate.Params.self).spec == spec)
            #expect(try given?.decode(ContainerRun.Params.self).spec == spec)
        }
    }

    @Test func `the params of container run hold the spec's keys beside their own`() throws {
        let params = ContainerRun.Params(
            spec: try fullSpec(), detach: true, stdio: Stdio(stdin: 0, stdout: 1), output: true)
        let value = try JSONValue(encoding: params)
        #expect(value["image"] == "debian:bookworm")
        #expect(value["stdio"] == ["stdin": 0, "stdout": 1])
        let again = try value.decode(ContainerRun.Params.self)
        #expect(again.spec == params.spec)
        #expect(again.detach && again.output && again.stdio?.stdout == 1)
    }

    @Test(arguments: wrong)
    func `a wrong key of container run is told by its path`(_ params: JSONValue, _ path: String, _ word: String) {
        let error = #expect(throws: JSONError.self) { try params.decode(ContainerRun.Params.self, at: "params") }
        #expect(error?.path == path)
        #expect(word.isEmpty || error?.message.contains(word) == true)
    }

    @Test func `every error code is decoded from what it is encoded to`() throws {
        for code in ErrorCode.allCases {
            let error = AgentError(code, "m", retryable: true, details: ["a": [1]], cause: ["x"])
            #expect(try JSONValue(encoding: error).decode(AgentError.self) == error)
        }
    }
}
