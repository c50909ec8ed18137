/// The version of the agent; the protocol's number stays 1 for ever.
enum Version {
    static let text = "0.1.0"
}
