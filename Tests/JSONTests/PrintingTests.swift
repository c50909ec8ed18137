import JSON
import Testing

private let printed: [(JSONValue, String)] = [
    (.null, "null"), (-5, "-5"), (10, "10"), (0.5, "0.5"), (.double(1), "1.0"), (.double(1e300), "1e+300"),
    ("a\"\\\n\u{1}\u{1F}\u{7F}é", "\"a\\\"\\\\\\n\\u0001\\u001f\u{7F}é\""), ([], "[]"), ([1, [true]], "[1,[true]]"),
    (["b": 1, "a": [:]], "{\"b\":1,\"a\":{}}"), (.double(.nan), "null"),
]

struct PrintingTests {
    @Test(arguments: printed)
    func `a value prints compactly`(_ value: JSONValue, _ text: String) {
        #expect(String(json: value) == text)
    }

    @Test func `the form for people has a member a line`() {
        let value: JSONValue = ["a": [1, 2], "b": [:], "c": []]
        #expect(String(json: value, pretty: true) == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}")
    }

    @Test func `objects are equal whatever the order, and keep theirs`() {
        let left: JSONValue = ["a": 1, "b": 2]
        let right: JSONValue = ["b": 2, "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(right.object?.keys == ["b", "a"])
    }

    @Test func `members are found, changed and removed in objects of every size`() {
        var object = JSONObject()
        for number in 0..<40 { object["k\(number)"] = .int(Int64(number)) }
        for number in stride(from: 0, to: 40, by: 2) { object["k\(number)"] = nil }
        object["k3"] = "new"
        #expect(object.count == 20)
        #expect(object["k2"] == nil)
        #expect(object["k3"] == "new")
        #expect(object["k39"] == 39)
        for number in 5..<40 { object["k\(number)"] = nil }
        #expect(object.keys == ["k1", "k3"])
    }
}
