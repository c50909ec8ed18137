import Model
import Testing
import Wire

@testable import davit

/// What people see.
struct CommandOutputTests {
    @Test func `columns are as wide as their widest cell`() {
        let table = Table(header: ["ID", "NAME"], rows: [["1", "long name"], ["22", ""]])
        #expect(table.lines() == ["ID   NAME", "1    long name", "22"])
    }

    @Test func `only a terminal's table is cut, at its widest column`() {
        let table = Table(header: ["A", "COMMAND"], rows: [["1", String(repeating: "x", count: 40)]])
        #expect(table.lines(width: 24).map(\.count) == [11, 24])
        #expect(table.lines(width: 24)[1].hasSuffix("…"))
        #expect(table.lines()[1].hasSuffix("xxxx"))
        #expect(table.lines(width: 3)[1].count == 16)
    }

    @Test func `a cell cannot move the cursor or begin a line`() {
        let table = Table(header: ["A"], rows: [["x\u{1B}[2J\ny"]])
        #expect(table.lines() == ["A", "x\\u{1B}[2J\\ny"])
    }

    @Test(
        arguments: [
            (0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (3599, "59 minutes"),
            (3600, "1 hour"),
            (47 * 3600, "47 hours"), (49 * 3600, "2 days"), (20 * 86_400, "2 weeks"), (100 * 86_400, "3 months"),
            (800 * 86_400, "2 years"), (-5, "0 seconds"),
        ] as [(Int64, String)])
    func `an age has one unit`(seconds: Int64, text: String) {
        #expect(Age(from: 0, to: seconds * 1_000_000_000).description == text)
    }

    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_234_567, "1.2 MB"), (640_000_000, "640 MB"),
            (2_500_000_000, "2.5 GB"), (Int64.max, "9223372 TB"),
        ] as [(Int64, String)])
    func `sizes have three digits`(bytes: Int64, text: String) {
        #expect(bytes.asSize == text)
    }

    @Test func `a command is shown as one would type it`() throws {
        var spec = ContainerSpec(image: "debian")
        spec.command = ["sh", "-c", "echo it's $HOME", ""]
        let container = ContainerInfo(
            id: try ContainerID("0123456789abcdef"), spec: spec, state: ContainerStatus(phase: .created, createdAt: 0),
            image: "sha256:0")
        #expect(container.commandLine == #"sh -c 'echo it'\''s $HOME' ''"#)
    }

    @Test func `a container's status tells how long ago and how`() throws {
        let minute: Int64 = 60_000_000_000
        var status = ContainerStatus(phase: .running, createdAt: 0)
        status.startedAt = minute
        var container = ContainerInfo(
            id: try ContainerID("0123456789abcdef"), spec: ContainerSpec(image: "debian"), state: status, image: "")
        #expect(container.status(now: 4 * minute) == "Up 3 minutes")
        container.state.phase = .exited
        container.state.exit = ExitRecord(status: nil, signal: 9, oom: true, time: 2 * minute)
        #expect(container.status(now: 4 * minute) == "Exited (137, out of memory) 2 minutes ago")
        container.state.phase = .created
        #expect(container.status(now: 4 * minute) == "Created")
    }

    @Test(
        arguments: [
            (ErrorCode.containerCommandNotFound, 127), (.containerCommandNotExecutable, 126), (.imageNotFound, 125),
            (.hostFailed, 125),
        ] as [(ErrorCode, Int32)])
    func `run ends with docker's codes`(code: ErrorCode, exit: Int32) {
        #expect(ErrorReport(error: AgentError(code, "x")).runCode == exit)
    }

    @Test func `an error tells its code, its causes and what to do`() {
        let error = AgentError(.imageNotFound, "there is no image x", cause: ["ENOENT\u{1B}"])
        let lines = ErrorReport(error: error).lines
        #expect(lines[0] == "davit: image.not_found: there is no image x")
        #expect(lines[1] == "  because: ENOENT\\u{1B}")
        #expect(lines[2].hasPrefix("  try: "))
    }

    @Test(arguments: [
        ("docker.io/library/debian:bookworm", "debian:bookworm"), ("docker.io/me/x:1", "me/x:1"),
        ("ghcr.io/a/b:c", "ghcr.io/a/b:c"),
    ])
    func `references are shown as everybody writes them`(reference: String, shown: String) {
        #expect(reference.familiarReference == shown)
    }
}
