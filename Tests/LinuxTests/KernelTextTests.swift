import Linux
import Testing

@Suite struct `The kernel's texts` {
    @Test func `keys are found where they are`() {
        let text = KernelText("usage_usec 12\nuser_usec 7\nnr_bursts 0\n")
        #expect(text.values(["user_usec", "usage_usec", "usage", "nr_throttled"]) == [7, 12, nil, nil])
    }

    @Test(arguments: [
        ("42\n", 42), ("42", 42), ("9223372036854775807\n", Int64.max), ("9223372036854775808\n", nil),
        ("max\n", nil), ("-1\n", nil), ("4 2\n", 4), ("", nil), ("\n", nil), ("12a\n", nil),
    ])
    func `a number is whole or none`(text: String, number: Int64?) {
        #expect(KernelText(text).number == number)
    }

    @Test(arguments: [
        ("0.00", 0), ("12.34", 1234), ("100.00", 10000), ("1.5", nil), ("1.", nil), (".55", nil), ("x", nil),
    ])
    func `a share has two digits`(text: String, hundredths: Int64?) {
        var found: Int64?
        KernelText("avg10=\(text)").forEachLine { line in found = line.next()?.value?.hundredths }
        #expect(found == hundredths)
    }

    @Test func `lines end at newlines and words at blanks`() {
        var words: [[Int64]] = []
        KernelText("  1\t2 \n\n3").forEachLine { line in
            var row: [Int64] = []
            while let word = line.next() { row.append(word.number ?? -1) }
            words.append(row)
        }
        #expect(words == [[1, 2], [], [3]])
    }

    @Test func `a word is what it is, and begins as it does`() {
        KernelText("some= avg10=1.00").forEachLine { line in
            let first = line.next()
            #expect(first?.equals("some=") == true && first?.equals("some") == false && first?.value == nil)
            #expect(line.next()?.hasPrefix("avg10=") == true)
            #expect(line.next() == nil)
        }
    }
}

extension KernelText {
    fileprivate init(_ text: String) { self.init([UInt8](text.utf8)) }
}
