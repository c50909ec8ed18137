import JSON

/// One plugin of a network, as its administrator wrote it.
struct PluginConfiguration: Sendable, Hashable {
    /// The file name of the executable.
    let type: String
    /// What it takes from the runtime, such as `portMappings`.
    let capabilities: Set<String>
    /// That of the plugin which gives it addresses.
    let addressType: String?
    let object: JSONObject

    /// Keys that are the runtime's to write.
    private static let reserved: Set = ["capabilities", "prevResult", "runtimeConfig"]

    /// - Parameter place: Where it stands, such as `plugins[1]`.
    init(_ value: JSONValue, at place: String) throws(ListProblem) {
        guard let object = value.object else { throw ListProblem("\(place) is \(value.kind), not an object") }
        guard let type = object["type"] else { throw ListProblem("\(place) has no \"type\"") }
        self.type = try Self.fileName(type, "\(place).type")
        self.object = object
        let addresses = object["ipam"]?["type"]
        // An empty one is none, as for plugins that take a link from elsewhere.
        addressType =
            try addresses == nil || addresses == ""
            ? nil
            : addresses.map { value throws(ListProblem) in
                try Self.fileName(value, "\(place).ipam.type")
            }
        let capabilities = object["capabilities"] ?? [:]
        guard let members = capabilities.object?.members else {
            throw ListProblem("\(place).capabilities is \(capabilities.kind), not an object")
        }
        self.capabilities = Set(members.filter { $0.value == true }.map(\.key))
    }

    /// What an administrator wrote for the plugin itself.
    var own: JSONObject {
        var own = JSONObject()
        for member in object.members where !Self.reserved.contains(member.key) && !member.key.hasPrefix("cni.dev/") {
            own[member.key] = member.value
        }
        return own
    }

    private static func fileName(_ value: JSONValue, _ place: String) throws(ListProblem) -> String {
        guard let text = value.string else { throw ListProblem("\(place) is \(value.kind), not a string") }
        guard NetworkList.isName(text) else {
            throw ListProblem(
                "\(place) \"\(text.prefix(80))\" is no name of a plugin: it has letters, digits, _ . - and begins with a letter or digit"
            )
        }
        return text
    }
}

/// What is wrong in a list, and where.
struct ListProblem: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
