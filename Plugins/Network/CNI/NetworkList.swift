import JSON

/// A CNI network configuration list: the plugins that make a connection, in their order.
struct NetworkList: Sendable, Hashable {
    /// What more plugins than these a list has no use for.
    private static let mostPlugins = 64

    let name: String
    /// The versions that it can be used with, lowest first.
    let versions: [CNIVersion]
    let plugins: [PluginConfiguration]
    /// Whether `CHECK` may be asked of it.
    let isChecked: Bool
    /// Whether `GC` may be asked of it.
    let isCollected: Bool

    /// The version in which it is used.
    var version: CNIVersion { versions[versions.count - 1] }

    /// Reads a list, or the configuration of one plugin as a list of one.
    ///
    /// - Parameter others: Plugins that its administrator wrote into files beside it, for its end.
    init(_ value: JSONValue, others: [PluginConfiguration] = []) throws(ListProblem) {
        guard let object = value.object else { throw ListProblem("it is \(value.kind), not an object") }
        name = try Self.name(of: value)
        versions = try Self.versions(of: object)
        isChecked = try !Self.flag("disableCheck", of: object)
        isCollected = try !Self.flag("disableGC", of: object)
        plugins = try Self.plugins(of: object) + others
        guard !plugins.isEmpty else { throw ListProblem("it has no plugins") }
        guard plugins.count <= Self.mostPlugins else {
            throw ListProblem("it has \(plugins.count) plugins, more than \(Self.mostPlugins)")
        }
    }

    private init(_ list: NetworkList, versions: [CNIVersion]) {
        (name, plugins, isChecked, isCollected) = (list.name, list.plugins, list.isChecked, list.isCollected)
        self.versions = versions
    }

    /// The same for a smaller choice of versions; nil when none is left.
    func limited(to others: Set<CNIVersion>) -> NetworkList? {
        let left = versions.filter(others.contains)
        return left.isEmpty ? nil : NetworkList(self, versions: left)
    }

    /// Everything of it that is used, in the one version that is used, for a handle.
    var json: JSONValue {
        var object = JSONObject()
        object["cniVersion"] = .string("\(version)")
        object["name"] = .string(name)
        if !isChecked { object["disableCheck"] = true }
        if !isCollected { object["disableGC"] = true }
        object["plugins"] = .array(plugins.map { .object($0.object) })
        return .object(object)
    }

    /// Whether some plugin takes this from the runtime.
    func takes(_ capability: String) -> Bool { plugins.contains { $0.capabilities.contains(capability) } }

    /// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, at most 255 bytes: what the specification lets names be, and safe in a path.
    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...255).contains(bytes.count) && bytes.first.map(isLetterOrDigit) == true
            && bytes.allSatisfy { isLetterOrDigit($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

// MARK: Reading
extension NetworkList {
    /// Whether plugins in files beside a list belong to it, too.
    static func takesOthers(_ value: JSONValue) throws(ListProblem) -> Bool {
        guard let object = value.object, object["type"] == nil else { return false }
        let isClosed = try flag("loadOnlyInlinedPlugins", of: object)
        guard !isClosed || object["plugins"] != nil else {
            throw ListProblem("\"loadOnlyInlinedPlugins\" is true, and it has no \"plugins\"")
        }
        return !isClosed
    }

    static func name(of value: JSONValue) throws(ListProblem) -> String {
        guard let name = value["name"] else { throw ListProblem("it has no \"name\"") }
        guard let text = name.string else { throw ListProblem("\"name\" is \(name.kind), not a string") }
        guard isName(text) else {
            throw ListProblem(
                "\"name\" \"\(text.prefix(80))\" is no name of a network: it has letters, digits, _ . - and begins with a letter or digit"
            )
        }
        return text
    }

    private static func versions(of object: JSONObject) throws(ListProblem) -> [CNIVersion] {
        let many = object["cniVersions"] ?? []
        guard let array = many.array else { throw ListProblem("\"cniVersions\" is \(many.kind), not an array") }
        let all = array + (object["cniVersion"].map { [$0] } ?? [])
        guard !all.isEmpty else { throw ListProblem("it has no \"cniVersion\": write \"1.0.0\" if in doubt") }
        var found: Set<CNIVersion> = []
        for value in all {
            guard let text = value.string else {
                throw ListProblem("a version in \"cniVersion\" or \"cniVersions\" is \(value.kind), not a string")
            }
            if let version = CNIVersion(text) { found.insert(version) }
        }
        guard !found.isEmpty else {
            let given = all.compactMap(\.string).map { "\"\($0.prefix(20))\"" }.prefix(8).joined(separator: ", ")
            throw ListProblem("\"cniVersion\" \(given) is not one of \(CNIVersion.range)")
        }
        return found.sorted()
    }

    /// Some write it as a text.
    private static func flag(_ key: String, of object: JSONObject) throws(ListProblem) -> Bool {
        switch object[key] {
        case nil, .bool(false): return false
        case .bool(true): return true
        case .string(let text) where text.lowercased() == "true": return true
        case .string(let text) where text.lowercased() == "false": return false
        case .some(let value): throw ListProblem("\"\(key)\" is \(value.kind), not true or false")
        }
    }

    private static func plugins(of object: JSONObject) throws(ListProblem) -> [PluginConfiguration] {
        guard let plugins = object["plugins"] else {
            return object["type"] == nil ? [] : [try PluginConfiguration(.object(object), at: "it")]
        }
        guard let array = plugins.array else { throw ListProblem("\"plugins\" is \(plugins.kind), not an array") }
        var read: [PluginConfiguration] = []
        for (index, value) in array.enumerated() {
            read.append(try PluginConfiguration(value, at: "plugins[\(index)]"))
        }
        return read
    }
}
