/// The path of a packet to a published port, step by step.
public struct PortPath: Sendable, Hashable, Codable {
    public struct Step: Sendable, Hashable, Codable {
        public enum State: String, Sendable, Hashable, Codable, CaseIterable {
            /// It passes here.
            case open
            /// It may not, or not for everybody.
            case doubtful
            /// It ends here.
            case closed
        }

        /// Where the packet is: `route`, `redirect`, `administrator`, `firewall`, `forward`, `link`, `program`.
        public var place: String
        public var state: State
        /// For a person: what is done there, and what to do about it.
        public var message: String

        public init(_ place: String, _ state: State, _ message: String) {
            self.place = place
            self.state = state
            self.message = message
        }

        enum CodingKeys: String, CodingKey {
            case place, state, message
        }
    }

    /// With its address and its port on the host.
    public var port: PortMapping
    /// In the packet's order.
    public var steps: [Step]

    public init(port: PortMapping, steps: [Step]) {
        self.port = port
        self.steps = steps
    }
}
