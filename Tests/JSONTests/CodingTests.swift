import JSON
import Testing

private struct Mount: Codable, Equatable {
    var source: String
    var readOnly: Bool?

    enum CodingKeys: String, CodingKey {
        case source
        case readOnly = "read_only"
    }
}

private enum Mode: String, Codable { case fast, slow }

private struct Spec: Codable, Equatable {
    var name: String
    var count: UInt8
    var mode: Mode?
    var ratio: Double
    var mounts: [Mount]
    var labels: [String: String]
    var extra: JSONValue?
}

/// Takes the keys of a `Mount` and one of its own from one object, as `container.run` does.
private struct Wider: Codable, Equatable {
    var mount: Mount
    var detach: Bool

    enum CodingKeys: String, CodingKey { case detach }

    init(mount: Mount, detach: Bool) { (self.mount, self.detach) = (mount, detach) }

    init(from decoder: any Decoder) throws {
        mount = try Mount(from: decoder)
        detach = try decoder.container(keyedBy: CodingKeys.self).decode(Bool.self, forKey: .detach)
    }

    func encode(to encoder: any Encoder) throws {
        try mount.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(detach, forKey: .detach)
    }
}

private struct Nothing: Codable {}

private let good: JSONValue = [
    "name": "a", "count": 3, "mode": "fast", "ratio": 1, "mounts": [["source": "/x", "read_only": true]],
    "labels": ["k": "v"], "extra": ["any": [nil, 1.5]],
]

private func with(_ key: String, _ value: JSONValue?) -> JSONValue {
    var object = good.object ?? JSONObject()
    object[key] = value
    return .object(object)
}

private let refused: [(JSONValue, JSONError.Code, String)] = [
    (with("name", nil), .missingKey, "params.name"),
    (with("name", 5), .wrongType, "params.name"),
    (with("name", .null), .wrongType, "params.name"),
    (with("count", 256), .outOfRange, "params.count"),
    (with("count", -1), .outOfRange, "params.count"),
    (with("count", 1.5), .wrongType, "params.count"),
    (with("mode", "medium"), .badValue, "params.mode"),
    (with("mounts", [["source": "/a"], ["source": 1]]), .wrongType, "params.mounts[1].source"),
    (with("mounts", [["source": "/a", "red_only": true]]), .unknownKey, "params.mounts[0].red_only"),
    (with("mounts", [:]), .wrongType, "params.mounts"),
    (with("labels", ["k": 1]), .wrongType, "params.labels.k"),
    (with("naem", "x"), .unknownKey, "params.naem"),
    ([], .wrongType, "params"),
]

struct CodingTests {
    @Test func `a value goes through a type and comes back equal`() throws {
        let spec = try good.decode(Spec.self)
        #expect(spec.mounts == [Mount(source: "/x", readOnly: true)])
        #expect(try JSONValue(encoding: spec) == with("ratio", 1.0))
    }

    @Test(arguments: refused)
    func `what is wrong is told with its path`(_ value: JSONValue, _ code: JSONError.Code, _ path: String) {
        let error = #expect(throws: JSONError.self) { try value.decode(Spec.self, at: "params") }
        #expect(error?.code == code)
        #expect(error?.path == path)
    }

    @Test func `an unknown key is answered with the one that was meant`() {
        let error = #expect(throws: JSONError.self) { try with("mount", []).decode(Spec.self) }
        #expect(error?.message.contains("did you mean \"mounts\"?") == true)
    }

    @Test(arguments: [3, 63, 64, 65, 70]) func `the last of many members is unknown as the first is`(_ count: Int)
        throws
    {
        var object = JSONObject()
        for number in 0..<count { object["k\(number)"] = .int(Int64(number)) }
        #expect(try JSONValue.object(object).decode([String: Int].self).count == count)
        object["k\(count - 1)"] = nil
        object["source"] = "/x"
        let error = #expect(throws: JSONError.self) { try JSONValue.object(object).decode(Mount.self) }
        #expect(error?.code == .unknownKey)
        #expect(error?.path == "k0")
        for number in 0..<count - 1 { object["k\(number)"] = nil }
        #expect(try JSONValue.object(object).decode(Mount.self) == Mount(source: "/x"))
    }

    @Test func `unknown keys are ignored where that is asked for`() throws {
        #expect(try with("naem", 1).decode(Spec.self, unknownKeys: .ignore).name == "a")
    }

    @Test func `keys known to any container of one object are known`() throws {
        let value: JSONValue = ["source": "/x", "detach": true]
        let wider = try value.decode(Wider.self)
        #expect(wider == Wider(mount: Mount(source: "/x"), detach: true))
        #expect(try JSONValue(encoding: wider) == value)
        let error = #expect(throws: JSONError.self) {
            try (["source": "/x", "detach": true, "detch": 1] as JSONValue).decode(Wider.self)
        }
        #expect(error?.path == "detch")
    }

    @Test func `a type without keys takes an empty object only`() throws {
        _ = try ([:] as JSONValue).decode(Nothing.self)
        #expect(try JSONValue(encoding: Nothing()) == [:])
        #expect(throws: JSONError.self) { try (["a": 1] as JSONValue).decode(Nothing.self) }
        #expect(throws: JSONError.self) { try ([] as JSONValue).decode(Nothing.self) }
    }

    @Test func `numbers that JSON cannot hold are not encoded`() {
        #expect(throws: JSONError.self) { try JSONValue(encoding: UInt64.max) }
        #expect(throws: JSONError.self) { try JSONValue(encoding: [Double.infinity]) }
    }

    @Test(arguments: [("conatiner.list", "container.list"), ("pin", "ping"), ("xyzzy", nil)])
    func `the nearest word is found`(_ word: String, _ expected: String?) {
        #expect(nearest(to: word, among: ["container.list", "ping", "schema"]) == expected)
    }
}
