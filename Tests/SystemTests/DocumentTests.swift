import TestSupport
import Testing

@Suite struct DocumentTests {
    @Test func `the README has exactly the two set-up commands`() throws {
        #expect(blocks(try Checkout.text("README.md")) == ["sudo make quickstart", "sudo make test"])
    }

    @Test func `CI runs the README's test command`() throws {
        let found = try Command.run("sed -n 's/^sudo \\(make test\\)$/\\1/p' \"$1/README.md\"", [Checkout.root])
        #expect(found.output == "make test\n")
        #expect(try Checkout.text(".ci/run").contains("README.md"))
    }

    @Test func `every target of make has a line of help`() throws {
        let help = try Command.run("make -C \"$1\" --no-print-directory", [Checkout.root])
        let names = Set(
            help.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
        let wanted: Set = [
            "setup", "quickstart", "build", "test", "test-kernel", "test-drivers", "test-system", "test-vm", "bench",
            "check",
            "fmt",
            "docs", "install", "package",
        ]
        #expect(wanted.isSubset(of: names))
    }

    /// The contents of the ```sh blocks.
    private func blocks(_ text: String) -> [String] {
        var blocks: [String] = []
        for part in text.split(separator: "```sh\n", omittingEmptySubsequences: false).dropFirst() {
            if let block = part.split(separator: "\n```", maxSplits: 1).first { blocks.append(String(block)) }
        }
        return blocks
    }
}
