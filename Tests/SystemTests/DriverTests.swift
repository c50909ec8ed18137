import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct DriverTests {
    /// Puts a driver beside the shipped ones that answers `status`, and everything else too late.
    private static let slowDriver = """
        mkdir -p "$1/drivers" "$1/davitd.json.d"
        cc -std=gnu11 -shared -fPIC -I "\(Checkout.root)/Sources/CDavitDriver/include" -DNAME='"slow"' -DFAULT_HANG_IN_CALL \\
            -o "$1/drivers/slow.so" "\(Checkout.root)/Tests/BadDrivers/driver.c" || exit 1
        "$2/usr/libexec/davit/davit-driver-host" --manifest "$1/drivers/slow.so" >"$1/drivers/slow.driver.json" || exit 1
        cat >"$1/davitd.json.d/slow.json" <<END
        {
            "driver_directories": ["$2/usr/lib/davit/drivers", "$1/drivers"],
            "drivers": {"settings": {"network/slow": {"deadline_ms": 50}}}
        }
        END
        """

    @Test func `a driver that hangs is told as an event, and so is its recovery`() throws {
        try withImage("busybox", prepare: Self.slowDriver) { agent in
            // The clean-up of a start asks the driver too, so it may take fewer than three.
            let said = try (0..<4).map { _ in
                try agent.davit("run", "--rm", "--network", "slow", "busybox:latest", "true").error
            }
            #expect(said.first?.contains("driver.timeout") == true, "\(said)")
            #expect(said.last?.contains("driver.unhealthy") == true, "\(said)")
            let told = try agent.davit("events", "--from", "oldest", "--once", "--kind", "driver.unhealthy")
            #expect(told.output.contains(" driver.unhealthy network/slow driver.unhealthy: "), "\(told.output)")
            #expect(told.output.split(separator: "\n").count == 1, "\(told.output)")
            #expect(try agent.davit("run", "--rm", "busybox:latest", "true").succeeded, "other drivers go on")
            // The agent asks it every ten seconds.
            let healed = try agent.first(event: "driver.healthy")
            #expect(healed.contains(" driver.healthy network/slow\n"), "\(healed)")
            #expect(try agent.davit("drivers").output.contains("unhealthy") == false)
        }
    }
}

extension Agent {
    /// Waits for an event of a kind, at most a minute, and answers its line.
    func first(event kind: String) throws -> String {
        try Command.run(
            """
            DAVIT_SOCKET=$2/davit.sock; export DAVIT_SOCKET
            for try in $(seq 120); do
                "$1" events --from oldest --once --kind "$3" | grep -m 1 . && exit 0
                sleep 0.5
            done
            """,
            [Checkout.installed + "/usr/bin/davit", directory, kind]
        ).output
    }
}
