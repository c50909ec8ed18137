import JSON
import Model

/// What a plugin answered in place of a result.
struct PluginFailure: Sendable, Hashable {
    /// 0: it said none.
    let code: Int64
    let message: String
    let details: String

    /// Longer texts are cut: a person reads them.
    private static let longest = 2000

    /// Nil for what is no error's object.
    init?(_ value: JSONValue?) {
        guard let object = value?.object, let code = object["code"]?.int else { return nil }
        self.code = code
        message = Self.line(object["msg"]?.string ?? "")
        details = Self.line(object["details"]?.string ?? "")
    }

    /// On one line, without what a terminal would obey.
    static func line(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longest) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            plain.append(isControl ? " " : scalar)
        }
        return String(plain)
    }

    /// As an error of ours. The codes are the specification's; above 99 each plugin has its own.
    func error(_ call: PluginCall, cause: [String]) -> AgentError {
        let said = message.isEmpty ? "it gave no reason" : message
        let kind = kind
        var object = JSONObject()
        object["plugin"] = .string(call.type)
        object["command"] = .string(call.command.rawValue)
        object["code"] = .int(code)
        object["msg"] = .string(message)
        if !details.isEmpty { object["details"] = .string(details) }
        return AgentError(
            kind.code, "the CNI plugin \(call.type) failed in \(call.title): \(said) (code \(code)); \(kind.advice)",
            retryable: kind.isRetryable, details: .object(object), cause: (details.isEmpty ? [] : [details]) + cause)
    }

    private struct Kind {
        let code: ErrorCode
        let advice: String
        var isRetryable = false
    }

    private func says(_ words: String) -> Bool {
        let text = Array(message.utf8)
        return text.indices.contains { text[$0...].starts(with: words.utf8) }
    }

    private var kind: Kind {
        // host-local has no code of its own for the two that a caller can do something about.
        if says("no IP addresses available in range set") {
            return Kind(
                code: .networkExhausted, advice: "remove a container, or make the range larger", isRetryable: true)
        }
        if says("requested IP address"), says("is not available in range set") {
            return Kind(code: .addressInUse, advice: "ask for another address of the network's range")
        }
        switch code {
        case 1:
            return Kind(code: .networkRefused, advice: "set the list's \"cniVersion\" to one that the plugin speaks")
        case 2, 7: return Kind(code: .networkRefused, advice: "mend the plugin's part of the list")
        case 11: return Kind(code: .driverFailed, advice: "try again later", isRetryable: true)
        case 50:
            return Kind(code: .driverUnhealthy, advice: "it is not ready: look at what it needs", isRetryable: true)
        case 51:
            return Kind(
                code: .driverUnhealthy,
                advice: "it is not ready, and what is connected may be cut off: look at what it needs",
                isRetryable: true)
        default: return Kind(code: .driverFailed, advice: "look at the plugin's part of the list and at the cause")
        }
    }
}
