import TestSupport
import Testing

@Suite(.enabled(if: Checkout.isPrepared, "make test-system installs what these tests look at"))
struct HouseTests {
    @Test func `nothing of the agent links Foundation, drivers export one symbol, the monitor is static`() throws {
        let check = try Command.run("cd \"$1\" && packaging/check", [Checkout.root])
        #expect(check.succeeded, "\(check.error)")
    }

    @Test(arguments: ["usr/bin/davit", "usr/sbin/davitd", "usr/libexec/davit/davit-image"])
    func `an installed program finds its Swift runtime beside itself`(program: String) throws {
        let missing = try Command.run(
            """
            cd "$1"; LD_LIBRARY_PATH=usr/lib/davit/swift ldd "$2" | grep 'not found'
            readelf -d "$2" | grep -q /usr/lib/davit/swift || echo no rpath
            for library in $(ldd "$2" | awk '/libswift/ { print $1 }'); do
                test -e "usr/lib/davit/swift/$library" || echo "$library is not installed"
            done
            """, [Checkout.installed, program])
        #expect(missing.output == "")
    }

    @Test func `each driver has a manifest with the digest of its file`() throws {
        let wrong = try Command.run(
            """
            cd "$1/usr/lib/davit/drivers" && ls *.so >/dev/null && for so in *.so; do
                digest=$(sha256sum "$so" | cut -d' ' -f1)
                jq -e --arg digest "$digest" '.sha256 == $digest' "${so%.so}.driver.json" >/dev/null || echo "$so"
            done
            """, [Checkout.installed])
        #expect(wrong.succeeded)
        #expect(wrong.output == "")
    }

    @Test func `the completion of the command line is a bash script`() throws {
        let check = try Command.run("bash -n \"$1\"/usr/share/bash-completion/completions/davit", [Checkout.installed])
        #expect(check.succeeded, "\(check.error)")
    }

    @Test(arguments: ["davit.1", "davitd.8", "davitd.json.5", "davit-resolver.8"])
    func `a manual page renders without a warning`(page: String) throws {
        let man = try Command.run("man --warnings -l \"$1/packaging/man/$2\" >/dev/null", [Checkout.root, page])
        #expect(man.succeeded)
        #expect(man.error == "")
    }
}
