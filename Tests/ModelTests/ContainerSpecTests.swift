import JSON
import Model
import Testing

@Suite struct `A container's spec` {
    @Test func `needs nothing but an image, and reads back equal`() throws {
        let spec = try JSONValue(parsing: #"{"image":"busybox"}"#).decode(ContainerSpec.self)
        #expect(spec == ContainerSpec(image: "busybox"))
        #expect(try JSONValue(encoding: spec).decode(ContainerSpec.self) == spec)
    }

    @Test(arguments: [
        #"{"image":"b","comand":["x"]}"#, #"{"command":["x"]}"#, #"{"image":5}"#, #"{"image":"b","limits":{"mem":1}}"#,
        #"{"image":"b","name":"a/b"}"#, #"{"image":"b","environment":{"A":"b"}}"#,
    ])
    func `with a wrong or unknown key is refused`(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(throws: JSONError.self) { try value.decode(ContainerSpec.self) }
    }

    @Test func `is valid with values inside the bounds`() throws {
        var spec = ContainerSpec(image: "b")
        spec.limits = Limits(memory: 6 << 20, pids: 1, cpus: 0.01)
        spec.stopTimeout = 0
        spec.hostname = String(repeating: "h", count: 64)
        spec.environment = ["A=", "B=c=d"]
        try spec.validate()
    }

    static let wrong: [@Sendable (inout ContainerSpec) -> Void] = [
        { $0.image = "" }, { $0.environment = ["A"] }, { $0.environment = ["=b"] }, { $0.workingDirectory = "tmp" },
        { $0.hostname = "" }, { $0.hostname = String(repeating: "h", count: 65) }, { $0.command = [""] },
        { $0.entrypoint = [""] }, { $0.limits.memory = 1 }, { $0.limits.pids = 0 }, { $0.limits.cpus = 0 },
        { $0.limits.cpus = .nan }, { $0.stopTimeout = -1 }, { $0.stopTimeout = 3601 }, { $0.command = ["a\0b"] },
    ]

    @Test(arguments: wrong.indices)
    func `is refused with a value outside`(index: Int) {
        var spec = ContainerSpec(image: "b")
        Self.wrong[index](&spec)
        #expect(throws: AgentError.self) { try spec.validate() }
    }

    @Test func `an exit shows as a shell would`() {
        #expect(ExitRecord(status: 3, signal: nil, oom: false, time: 0).code == 3)
        #expect(ExitRecord(status: nil, signal: 9, oom: false, time: 0).code == 137)
        #expect(ExitRecord(status: nil, signal: nil, oom: false, time: 0).code == 255)
    }
}
