internal import Drivers
internal import JSON
internal import Model

/// A service as the ledger keeps it, in `services/NAME.json` below the state directory.
struct ServiceRecord: Sendable, Hashable, Codable {
    var spec: ServiceSpec
    var addresses: [String]
    /// What the network's driver wanted to remember.
    var handle: JSONValue
    /// Nanoseconds since 1970.
    var createdAt: Int64

    enum CodingKeys: String, CodingKey {
        case spec, addresses, handle
        case createdAt = "created_at"
    }
}

/// A service in the agent's memory: its record, and who stands behind it now.
struct Service: Sendable {
    var record: ServiceRecord
    var backends: [ServiceBackend] = []
    /// Somebody is about to look again who stands behind it.
    var isDue = false
}
