internal import Drivers
internal import JSON
internal import Model

/// A network as the ledger keeps it, in `networks/NAME.json` below the state directory.
struct NetworkRecord: Sendable, Hashable, Codable {
    var spec: NetworkSpec
    var state: NetworkState
    /// What its driver wanted to remember.
    var handle: JSONValue
    /// Nanoseconds since 1970.
    var createdAt: Int64

    enum CodingKeys: String, CodingKey {
        case spec, state, handle
        case createdAt = "created_at"
    }

    var request: NetworkRequest { NetworkRequest(spec, handle: handle) }
    /// Nothing was made for it, such as for `none` and `host`: it is there with its driver.
    var isPlain: Bool { handle == .null && state == NetworkState() }
}
