public import JSON

/// The closed list of error codes that pass a door. A code never changes its meaning; new ones may be added.
public enum ErrorCode: String, Sendable, Hashable, CaseIterable, Codable {
    // The request itself
    case requestInvalid = "request.invalid"
    case requestCancelled = "request.cancelled"
    case deadlineExceeded = "deadline.exceeded"
    case methodUnknown = "method.unknown"
    case protocolFeatureMissing = "protocol.feature_missing"
    case protocolLineTooLong = "protocol.line_too_long"
    case protocolMalformed = "protocol.malformed"
    case accessDenied = "access.denied"

    // Images
    case imageNotFound = "image.not_found"
    case imageInvalid = "image.invalid"
    case imageDigestMismatch = "image.digest_mismatch"
    case imagePlatformMissing = "image.platform_missing"
    case imageUnsupportedMediaType = "image.unsupported_media_type"
    case imageLayerRefused = "image.layer_refused"
    case imageTooLarge = "image.too_large"
    case imageInUse = "image.in_use"
    case imageReferenceInvalid = "image.reference_invalid"

    // Containers
    case containerNotFound = "container.not_found"
    case containerNameInUse = "container.name_in_use"
    case containerWrongState = "container.wrong_state"
    case containerLaunchFailed = "container.launch_failed"
    case containerCommandNotFound = "container.command_not_found"
    case containerCommandNotExecutable = "container.command_not_executable"
    case containerUserNotFound = "container.user_not_found"
    case containerNoTerminal = "container.no_terminal"
    case containerNotStopped = "container.not_stopped"
    case dependencyFailed = "dependency.failed"
    case execNotFound = "exec.not_found"
    case pathNotFound = "path.not_found"
    case mountRefused = "mount.refused"
    case securityRefused = "security.refused"
    case deviceNotFound = "device.not_found"
    case volumeNotFound = "volume.not_found"
    case volumeInUse = "volume.in_use"
    case volumeExists = "volume.exists"
    case credentialMissing = "credential.missing"
    case listenRefused = "listen.refused"
    case streamTokenInvalid = "stream.token_invalid"
    case limitUnavailable = "limit.unavailable"
    case portInUse = "port.in_use"
    case portRefused = "port.refused"
    case networkNotFound = "network.not_found"
    case networkExists = "network.exists"
    case networkInUse = "network.in_use"
    case networkRefused = "network.refused"
    case networkExhausted = "network.exhausted"
    case networkConflict = "network.conflict"
    case addressInUse = "address.in_use"
    case serviceNotFound = "service.not_found"
    case serviceExists = "service.exists"
    case serviceRefused = "service.refused"
    case policyNotFound = "policy.not_found"
    case policyExists = "policy.exists"
    case policyRefused = "policy.refused"

    // Drivers
    case driverNotFound = "driver.not_found"
    case driverRefused = "driver.refused"
    case driverTimeout = "driver.timeout"
    case driverUnhealthy = "driver.unhealthy"
    case driverBadReply = "driver.bad_reply"
    case driverFailed = "driver.failed"

    // The agent and its host
    case eventsGap = "events.gap"
    case agentStopping = "agent.stopping"
    case configInvalid = "config.invalid"
    case hostUnsupported = "host.unsupported"
    case hostNoSpace = "host.no_space"
    case hostFailed = "host.failed"
}

/// An error as a small story: what was tried, on what, why it failed, and what to do.
public struct AgentError: Error, Sendable, Hashable, Codable {
    public var code: ErrorCode
    /// One or two sentences for a person: what was tried, on what, and what to do about it.
    public var message: String
    /// Whether the same request may succeed later without a change.
    public var retryable: Bool
    /// Facts for a program: the name of the thing, the limit that was hit.
    public var details: JSONValue?
    /// What lay below, nearest first, such as `openat2 etc/passwd: ELOOP`.
    public var cause: [String]

    public init(
        _ code: ErrorCode, _ message: String, retryable: Bool = false, details: JSONValue? = nil, cause: [String] = []
    ) {
        self.code = code
        self.message = message
        self.retryable = retryable
        self.details = details
        self.cause = cause
    }

    /// The same error with one more reason below it.
    public func caused(by reason: some Error) -> AgentError {
        var error = self
        error.cause.append("\(reason)")
        return error
    }
}

extension AgentError: CustomStringConvertible {
    public var description: String {
        ([("\(code.rawValue): \(message)")] + cause.map { "  because: \($0)" }).joined(separator: "\n")
    }
}
