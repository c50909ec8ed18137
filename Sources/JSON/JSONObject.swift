/// The members of a JSON object, in the order in which they were written. Keys are unique.
///
/// Two objects are equal when they have equal members, whatever the order.
public struct JSONObject: Sendable {
    public struct Member: Sendable, Hashable {
        public let key: String
        public var value: JSONValue
    }

    /// Up to here a walk over the members is faster than hashing.
    private static let smallCount = 12

    public private(set) var members: [Member] = []
    /// The place of each key; only when there are more than `smallCount`.
    private var places: [String: Int] = [:]

    public init() {}

    public init(minimumCapacity: Int) { members.reserveCapacity(minimumCapacity) }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    /// The value of a key. Setting a new key appends it; setting nil removes it, in time linear to the count.
    public subscript(_ key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            guard let newValue else { return remove(key) }
            if let place = place(of: key) {
                members[place].value = newValue
            } else {
                appendNew(key, newValue)
            }
        }
    }

    /// Appends a member and answers true, or changes nothing and answers false where the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        guard place(of: key) == nil else { return false }
        appendNew(key, value)
        return true
    }

    func place(of key: String) -> Int? {
        if members.count > Self.smallCount { return places[key] }
        return members.firstIndex { $0.key == key }
    }

    private mutating func appendNew(_ key: String, _ value: JSONValue) {
        members.append(Member(key: key, value: value))
        if members.count > Self.smallCount + 1 {
            places[key] = members.count - 1
        } else if members.count == Self.smallCount + 1 {
            indexAll()
        }
    }

    private mutating func remove(_ key: String) {
        guard let place = place(of: key) else { return }
        members.remove(at: place)
        indexAll()
    }

    private mutating func indexAll() {
        places.removeAll()
        guard members.count > Self.smallCount else { return }
        for (index, member) in members.enumerated() { places[member.key] = index }
    }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.reduce(0) { $0 ^ $1.hashValue })
    }
}
