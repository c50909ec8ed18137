public import Model

/// What is a link's name and safe as a part of a path and in a rule.
public enum LinkName {
    /// Throws `network.refused`.
    public static func check(_ name: String, _ key: String) throws(AgentError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...15).contains(name.utf8.count), name != ".", name != "..", name != "all", name != "default"
        else {
            throw AgentError(.networkRefused, "\(key) \"\(name)\" must be 1 to 15 letters, digits and _.-")
        }
        return name
    }
}
