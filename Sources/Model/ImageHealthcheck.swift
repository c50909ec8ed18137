/// How an image in docker's format wants to be probed. Times are nanoseconds; 0 or nothing is the default.
public struct ImageHealthcheck: Sendable, Hashable, Codable {
    /// `["CMD", program, ...]`, `["CMD-SHELL", text]` or `["NONE"]`.
    public var test: [String]?
    public var interval: Int64?
    public var timeout: Int64?
    public var startPeriod: Int64?
    public var retries: Int?

    enum CodingKeys: String, CodingKey {
        case test = "Test"
        case interval = "Interval"
        case timeout = "Timeout"
        case startPeriod = "StartPeriod"
        case retries = "Retries"
    }

    public init(test: [String]) { self.test = test }

    /// The same in our words; `nil` for `NONE` and for what nobody knows.
    public var spec: HealthSpec? {
        guard let test, let kind = test.first, test.count > 1 else { return nil }
        var spec = HealthSpec(.command)
        switch kind {
        case "CMD": spec.command = Array(test.dropFirst())
        case "CMD-SHELL": spec.command = ["/bin/sh", "-c", test[1]]
        default: return nil
        }
        (spec.interval, spec.timeout) = (seconds(interval), seconds(timeout))
        spec.startPeriod = seconds(startPeriod)
        spec.retries = retries.flatMap { $0 > 0 ? $0 : nil }
        return spec.problem == nil ? spec : nil
    }

    private func seconds(_ nanoseconds: Int64?) -> Double? {
        nanoseconds.flatMap { $0 > 0 ? Double($0) / 1e9 : nil }
    }
}

extension ContainerSpec {
    /// How a container of this spec is probed: as it says itself, else as its image does.
    public func probed(by image: ImageConfig) -> HealthSpec? {
        guard let health else { return image.healthcheck?.spec }
        return health.probe == .none ? nil : health
    }
}
