internal import Model

/// What is known of a driver's behaviour. Pure: transitions answer what is worth telling.
struct DriverHealth: Sendable {
    enum Change: Sendable, Hashable {
        case becameUnhealthy(AgentError)
        case becameHealthy
    }

    /// So many calls in a row that ran into their deadline make a driver unhealthy.
    static let timeoutsAllowed = 3

    private(set) var calls = 0
    private(set) var timeouts = 0
    private var timeoutsInARow = 0
    private(set) var unhealthy: AgentError?

    /// Throws `driver.unhealthy` for new work while the driver is; asking for its status is always allowed.
    mutating func admit(_ method: String) throws(AgentError) {
        if let unhealthy, method != "status" { throw unhealthy }
        calls += 1
    }

    mutating func timedOut(_ driver: String) -> Change? {
        timeouts += 1
        timeoutsInARow += 1
        guard unhealthy == nil, timeoutsInARow >= Self.timeoutsAllowed else { return nil }
        let error = AgentError(
            .driverUnhealthy,
            "\(driver) is unhealthy (\(timeoutsInARow) calls in a row got no answer in time): nothing new is started "
                + "with it until it answers `status` again, and running containers stay as they are",
            retryable: true)
        unhealthy = error
        return .becameUnhealthy(error)
    }

    /// An answer in time, be it an error.
    mutating func answered(_ method: String) -> Change? {
        timeoutsInARow = 0
        guard unhealthy != nil, method == "status" else { return nil }
        unhealthy = nil
        return .becameHealthy
    }
}
