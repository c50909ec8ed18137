public import JSON
public import Linux
public import Model

/// One line that the agent answered.
public struct Reply: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        /// How far the request is; more lines follow.
        case progress(JSONValue)
        /// One thing of a stream; more lines follow.
        case item(JSONValue)
        /// The final line of a request that was done.
        case result(JSONValue)
        /// The final line of a request that failed.
        case failure(AgentError)
    }

    /// The request that it answers.
    public let id: RequestID
    public let body: Body
    /// What came with the line.
    public let descriptors: [Descriptor]

    /// Descriptors are not compared.
    public static func == (left: Reply, right: Reply) -> Bool { left.id == right.id && left.body == right.body }

    /// Whether no more lines come for this request.
    public var isFinal: Bool {
        switch body {
        case .progress, .item: false
        case .result, .failure: true
        }
    }
}

/// The number of a request on its connection.
public typealias RequestID = Int64

extension Reply {
    /// Throws `protocol.malformed` for a line that is no reply; fields it does not know are ignored.
    init(line: ArraySlice<UInt8>, _ descriptors: [Descriptor] = []) throws(AgentError) {
        let object: JSONValue
        do {
            object = try JSONValue(parsing: line, limits: JSONLimits(bytes: Reply.longest))
        } catch {
            throw AgentError(.protocolMalformed, "the agent answered a line that is not JSON").caused(by: error)
        }
        guard let body = Reply.body(of: object) else {
            throw AgentError(.protocolMalformed, "the agent answered a line without progress, item, result or error")
        }
        // A line so broken that the agent could not read its id is answered with none.
        id = object["id"]?.int ?? 0
        self.body = body
        self.descriptors = descriptors
    }

    /// Bytes of a line at most; the agent promises 1 MiB, and a newer one may promise more.
    static let longest = 64 << 20

    private static func body(of line: JSONValue) -> Body? {
        if let item = line["item"] { return .item(item) }
        if let result = line["result"] { return .result(result) }
        if let error = line["error"] { return .failure(AgentError(reply: error)) }
        return line["progress"].map { .progress($0) }
    }
}

extension AgentError {
    /// Reads an error reply. A code from a newer agent that is unknown here is kept in the message.
    init(reply: JSONValue) {
        let code = reply["code"]?.string ?? ""
        let message = reply["message"]?.string ?? "the agent gave no reason"
        let known = ErrorCode(rawValue: code)
        self.init(
            known ?? .hostFailed, known == nil && !code.isEmpty ? "\(code): \(message)" : message,
            retryable: reply["retryable"]?.bool ?? false, details: reply["details"],
            cause: reply["cause"]?.array?.compactMap(\.string) ?? [])
    }
}
