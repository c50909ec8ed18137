import TestSupport
import Testing

/// The agent on Debian's own kernel with every controller of cgroup v2, in an emulated machine. One boot serves all.
@Suite(.enabled(if: Checkout.isPrepared, "make test-vm installs what this test boots"))
struct MachineTests {
    private static let script = "Tests/Guest/limits.sh"

    @Test func `every sentence of Tests/Guest/limits.sh is true`() throws {
        let sentences = try Self.sentences()
        let said = try Command.run(
            """
            cd "$1/Tests" && Guest/vm "$(Images/build --machine)" "$2" "$(Images/build)" "../$3" busybox pages
            """, [Checkout.root, Checkout.installed, Self.script], within: 900)
        let checks = GuestCheck.all(in: said)
        for check in checks where !check.passed { Issue.record("\(check.name)\n\(check.details)") }
        let told = Set(checks.map(\.name))
        for sentence in sentences where !told.contains(sentence) { Issue.record("nothing was told of: \(sentence)") }
        #expect(sentences.count >= 15, "the table is read")
    }

    /// The lines `it 'SENTENCE' <<'END'` of the script.
    private static func sentences() throws -> [String] {
        try Checkout.text(script).split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "'")
            return line.hasPrefix("it '") && parts.count > 1 ? String(parts[1]) : nil
        }
    }
}
