import TestSupport
import Testing

/// The agent under a real systemd, booted in a container with what `make install` lays out. One boot serves all.
///
/// One guest at a time: they share the host's cgroup tree, and the end of one guest's scope would end another's containers.
@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests boot"))
struct BootedTests {
    @Test func `the agent does all that Tests/Guest/agent.sh checks under systemd`() throws {
        let checks = try Guest.boot("agent.sh")
        #expect(checks.count >= 15, "\(checks)")
        for check in checks where !check.passed { Issue.record("\(check.name)\n\(check.details)") }
    }

    @Test func `restart policies and the order of stops outlive a reboot`() throws {
        let checks = try Guest.boot("reboot.sh", "reboot.sh")
        #expect(checks.count == 6, "\(checks)")
        for check in checks where !check.passed { Issue.record("\(check.name)\n\(check.details)") }
    }

    @Test func `the quickstart works where systemd is PID 1`() throws {
        let said = try Command.run(Guest.quickstart, [Checkout.root, "--boot"], within: 200)
        #expect(said.output.contains("\nHello from a container\n"), "\(said.output)\(said.error)")
        #expect(said.output.contains("\"quickstart\""))
        #expect(said.output.contains("davitd.service runs from now on"))
    }

    @Test func `the quickstart works where systemd is not PID 1`() throws {
        let said = try Command.run(Guest.quickstart, [Checkout.root, "--as-pid2"], within: 200)
        #expect(said.output.contains("\nHello from a container\n"), "\(said.output)\(said.error)")
        #expect(said.output.contains("\"quickstart\""))
        #expect(said.output.contains("the agent stops now"))
    }
}

/// A Debian that is booted in a container for a test.
enum Guest {
    /// Boots once for each script, on the same disk.
    static func boot(_ scripts: String...) throws -> [GuestCheck] {
        let said = try Command.run(
            """
            cd "$1/Tests/Guest" && installed=$2 && shift 2
            ./boot "$(../Images/build --root)" "$installed" "$(../Images/build)" "$@"
            """, [Checkout.root, Checkout.installed] + scripts, within: 400)
        return GuestCheck.all(in: said)
    }

    static let quickstart = """
        cd "$1/Tests" && Guest/quickstart "$(Images/build --root)" "$1" "$2"
        """
}
