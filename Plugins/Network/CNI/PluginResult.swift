import JSON
import Netlink

/// What a plugin says that it made, in the form of version 0.3.0 and later.
struct PluginResult: Sendable, Hashable {
    struct Interface: Sendable, Hashable {
        let name: String
        let mac: String?
        /// Where it is; nil: on the host.
        let sandbox: String?
    }

    struct Address: Sendable, Hashable {
        let prefix: IPPrefix
        let gateway: IPAddress?
        /// Which of the interfaces; nil: it does not say.
        let interface: Int?
    }

    struct Route: Sendable, Hashable {
        let destination: IPPrefix
        let gateway: IPAddress?
    }

    let interfaces: [Interface]
    let addresses: [Address]
    let routes: [Route]
    let names: NameServers
    /// What the next plugin gets, and `DEL` and `CHECK`.
    let json: JSONValue

    /// Longer lists than this no connection has.
    private static let most = 1024

    /// - Parameter version: The one that the plugin was asked in. What it answers in another one of the same form is taken.
    init(_ value: JSONValue, version: CNIVersion) throws(ResultProblem) {
        guard var object = value.object else { throw ResultProblem("it is \(value.kind), not an object") }
        try Self.checkVersion(object)
        interfaces = try Self.list(object, "interfaces") { item, place throws(ResultProblem) in
            try Interface(item, at: place)
        }
        addresses = try Self.list(object, "ips") { item, place throws(ResultProblem) in try Address(item, at: place) }
        routes = try Self.list(object, "routes") { item, place throws(ResultProblem) in try Route(item, at: place) }
        names = try NameServers(object["dns"] ?? [:])
        for (index, address) in addresses.enumerated() {
            guard let interface = address.interface, !interfaces.indices.contains(interface) else { continue }
            throw ResultProblem("ips[\(index)].interface is \(interface), and it has \(interfaces.count) interfaces")
        }
        object["cniVersion"] = .string("\(version)")
        json = .object(object)
    }

    /// Of one without a version everybody takes that it has the right one.
    private static func checkVersion(_ object: JSONObject) throws(ResultProblem) {
        guard let version = object["cniVersion"], version != "" else { return }
        guard let text = version.string else { throw ResultProblem("\"cniVersion\" is \(version.kind), not a string") }
        guard CNIVersion(text) != nil else {
            throw ResultProblem("\"cniVersion\" \"\(text.prefix(20))\" is not one of \(CNIVersion.range)")
        }
    }

    /// One that is missing or null is empty.
    private static func list<Item>(
        _ object: JSONObject, _ key: String, _ read: (JSONObject, String) throws(ResultProblem) -> Item
    ) throws(ResultProblem) -> [Item] {
        let value = object[key] ?? .null
        if value.isNull { return [] }
        guard let array = value.array else { throw ResultProblem("\"\(key)\" is \(value.kind), not an array") }
        guard array.count <= most else { throw ResultProblem("\"\(key)\" has \(array.count) members") }
        var items: [Item] = []
        for (index, item) in array.enumerated() {
            let place = "\(key)[\(index)]"
            guard let object = item.object else { throw ResultProblem("\(place) is \(item.kind), not an object") }
            items.append(try read(object, place))
        }
        return items
    }
}

/// What is wrong in a result, and where.
struct ResultProblem: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

// MARK: What it means for a container
extension PluginResult {
    /// Whether an address is inside the container; one that tells no interface is.
    private func isInside(_ address: Address) -> Bool {
        guard let index = address.interface else { return true }
        return interfaces[index].sandbox != nil
    }

    /// The container's own.
    var inside: [Address] { addresses.filter { isInside($0) && !$0.prefix.address.isLoopback } }

    /// The ways out, one of each version at most: of its default routes, or else of the addresses.
    var gateways: [IPAddress] {
        IPAddress.Family.allCases.compactMap { family in
            let everything = IPPrefix.everything(family)
            guard let route = routes.first(where: { $0.destination == everything }) else { return nil }
            return route.gateway ?? inside.first { $0.prefix.family == family && $0.gateway != nil }?.gateway
        }
    }

    /// That of the container's link of this name.
    func mac(of name: String) -> String? { interfaces.first { $0.name == name && $0.sandbox != nil }?.mac }

    /// The same for a namespace that has another path by now.
    func json(movedTo path: String, from old: String) -> JSONValue {
        guard var object = json.object, let list = object["interfaces"]?.array else { return json }
        object["interfaces"] = .array(
            list.map { item in
                guard var interface = item.object, interface["sandbox"]?.string == old else { return item }
                interface["sandbox"] = .string(path)
                return .object(interface)
            })
        return .object(object)
    }
}

// MARK: Parts
extension PluginResult.Interface {
    init(_ object: JSONObject, at place: String) throws(ResultProblem) {
        guard let name = object["name"]?.string else { throw ResultProblem("\(place) has no \"name\"") }
        self.name = name
        let mac = try optionalText(object, "mac", at: place)
        // An Infiniband link's has twenty bytes; it is left out where it is only shown.
        self.mac = mac.flatMap { MACAddress($0) }?.description
        sandbox = try optionalText(object, "sandbox", at: place)
    }
}

extension PluginResult.Address {
    init(_ object: JSONObject, at place: String) throws(ResultProblem) {
        guard let text = object["address"]?.string else { throw ResultProblem("\(place) has no \"address\"") }
        guard let prefix = IPPrefix(text) else {
            throw ResultProblem("\(place).address \"\(text.prefix(80))\" is no address with a length")
        }
        self.prefix = prefix
        gateway = try optionalAddress(object, "gateway", at: place)
        let number = object["interface"] ?? .null
        interface = number.int.flatMap { Int(exactly: $0) }
        guard number.isNull || interface.map({ $0 >= 0 }) == true else {
            throw ResultProblem("\(place).interface is no index")
        }
    }
}

extension PluginResult.Route {
    init(_ object: JSONObject, at place: String) throws(ResultProblem) {
        guard let text = object["dst"]?.string else { throw ResultProblem("\(place) has no \"dst\"") }
        guard let prefix = IPPrefix(text) else {
            throw ResultProblem("\(place).dst \"\(text.prefix(80))\" is no network with a length")
        }
        destination = prefix
        gateway = try optionalAddress(object, "gw", at: place)
    }
}

/// An empty text is none, as plugins write it.
private func optionalText(_ object: JSONObject, _ key: String, at place: String) throws(ResultProblem) -> String? {
    let value = object[key] ?? .null
    if value.isNull || value == "" { return nil }
    guard let text = value.string else { throw ResultProblem("\(place).\(key) is \(value.kind), not a string") }
    return text
}

private func optionalAddress(
    _ object: JSONObject, _ key: String, at place: String
) throws(ResultProblem) -> IPAddress? {
    guard let text = try optionalText(object, key, at: place) else { return nil }
    guard let address = IPAddress(text) else {
        throw ResultProblem("\(place).\(key) \"\(text.prefix(80))\" is no address")
    }
    return address
}
