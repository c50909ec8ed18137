import Linux
import TestSupport
import Testing

/// The settings of the agent, asked of the program itself.
@Suite struct `The configuration` {
    private static let script = """
        d=$(mktemp -d /tmp/davit-test-XXXXXX) && trap 'rm -rf "$d"' EXIT && cd "$d" && mkdir davitd.json.d
        printf '%s' "$2" >davitd.json
        [ -z "$3" ] || printf '%s' "$3" >davitd.json.d/10-more.json
        "$1/usr/sbin/davitd" --config davitd.json --check-config
        """

    private func check(_ text: String, dropIn: String = "") throws -> Command {
        try Command.run(Self.script, [Checkout.installed, text, dropIn])
    }

    @Test(arguments: [
        "{}", "// nothing\n{ /* at all */ }", #"{"socket":"/run/x.sock","log":{"bytes":65536}}"#,
        #"{"network":"bridge"}"#, #"{"drivers":{"settings":{"network/none":{"deadline_ms":5}}}}"#,
    ])
    func `is all right`(text: String) throws {
        let said = try check(text)
        #expect(said.succeeded, "\(said.error)")
    }

    @Test(arguments: [
        ("{\n  \"sokcet\": \"/x\"\n}", "davitd.json:2: sokcet: unknown key, did you mean \"socket\"?"),
        ("{\n\n\"log\": {\n\"byte\": 1}}", "davitd.json:4: log.byte: unknown key"),
        (#"{"log":{"files":"4"}}"#, "davitd.json:1: log.files: expected a whole number, found a string"),
        (#"{"log":{"files":0}}"#, "log.files is 1 to 100"), (#"{"socket":"x"}"#, "socket must be an absolute path"),
        (#"{"cgroup":"a/b"}"#, "cgroup is one name"), (#"{"userns":{"blocks":0}}"#, "userns.blocks is 1 to"),
        (#"{"network":"container:a"}"#, "network is a network's name"),
        (#"{"a":1,}"#, "davitd.json: byte"), ("[]", "expected an object"),
        (#"{"log":{},"log":{}}"#, "davitd.json: byte"),
    ])
    func `is refused by file, line and name`(text: String, story: String) throws {
        let said = try check(text)
        #expect(said.status == .exited(78))
        #expect(said.error.contains(story), "\(said.error)")
    }

    @Test func `of a drop-in goes over the file's, key by key`() throws {
        let good = try check(#"{"log":{"files":0}}"#, dropIn: #"{"log":{"files":2}}"#)
        #expect(good.succeeded, "\(good.error)")
        let bad = try check("{}", dropIn: "{\n\"nonsense\": 1}")
        #expect(bad.error.contains("10-more.json:2: nonsense: unknown key"), "\(bad.error)")
    }

    @Test func `that was named must be there`() throws {
        let said = try Command.run(
            #""$1/usr/sbin/davitd" --config /nonexistent/davitd.json --check-config"#, [Checkout.installed])
        #expect(said.status == .exited(78))
        #expect(said.error.contains("/nonexistent/davitd.json"))
    }
}
