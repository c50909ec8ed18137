internal import Drivers
internal import JSON
public import Model

/// A policy as the ledger keeps it, in `policies/NAME.json` below the state directory.
public struct PolicyRecord: Sendable, Hashable, Codable {
    public var spec: PolicySpec
    /// Nanoseconds since 1970.
    public var createdAt: Int64

    enum CodingKeys: String, CodingKey {
        case spec
        case createdAt = "created_at"
    }
}

extension Engine {
    /// Makes a policy, which holds at once. Throws `policy.exists`, `policy.refused` and `network.not_found`.
    public func createPolicy(_ spec: PolicySpec) async throws -> PolicyRecord {
        try spec.validate()
        for name in spec.networks { _ = try await network(forUse: name) }
        return try await inPolicyTurn {
            guard policies[spec.name] == nil else {
                throw AgentError(.policyExists, "there is a policy \(spec.name): choose another name, or remove it")
            }
            let driver = try policyDriver(of: spec)
            let record = PolicyRecord(spec: spec, createdAt: now())
            policies[spec.name] = record
            do {
                try await enforce(by: driver)
                try await parts.ledger.policies.save(record, as: spec.name)
            } catch {
                policies[spec.name] = nil
                await attempt("taking back the policy \(spec.name)") { try await enforce(by: driver) }
                throw AgentError(wrapping: error, "the policy \(spec.name) could not be made")
            }
            tell(.policyCreated, subject: spec.name.description)
            return record
        }
    }

    /// All policies, in the order in which they are asked.
    public func policyRecords() -> [PolicyRecord] {
        policies.values.sorted {
            ($0.spec.rank, $0.spec.name.description) < ($1.spec.rank, $1.spec.name.description)
        }
    }

    /// Throws `policy.not_found`.
    public func policy(_ name: String) throws -> PolicyRecord {
        guard let record = policies[try NetworkName(name)] else {
            throw AgentError(.policyNotFound, "there is no policy \"\(name)\"")
        }
        return record
    }

    /// Throws `policy.not_found`. On an error it still holds.
    public func removePolicy(_ name: String) async throws {
        try await inPolicyTurn {
            let record = try policy(name)
            let driver = try policyDriver(of: record.spec)
            policies[record.spec.name] = nil
            do {
                try await enforce(by: driver)
                try await parts.ledger.policies.remove(record.spec.name)
            } catch {
                policies[record.spec.name] = record
                await attempt("keeping the policy \(record.spec.name)") { try await enforce(by: driver) }
                throw AgentError(wrapping: error, "the policy \(record.spec.name) could not be removed")
            }
            tell(.policyRemoved, subject: record.spec.name.description)
        }
    }

    /// Takes up what the ledger knows, when the drivers know their networks and before they hear of the containers: none
    /// is without its policies for a moment.
    func recoverPolicies() async {
        let (records, problems) = parts.ledger.policies.load { (record: PolicyRecord) in record.spec.name }
        for problem in problems { parts.complain(problem, nil) }
        for record in records { policies[record.spec.name] = record }
        for driver in Set(records.compactMap { try? policyDriver(of: $0.spec) }).sorted() {
            await attempt("telling the driver \(driver) of the policies") { try await enforce(by: driver) }
        }
    }

    /// One driver has all networks that a policy names, `bridge` those that name none. Throws `policy.refused`.
    private func policyDriver(of spec: PolicySpec) throws(AgentError) -> String {
        let drivers = Set(spec.networks.map { networks[$0]?.spec.driver ?? $0.description })
        guard drivers.count < 2 else {
            throw AgentError(
                .policyRefused,
                "the policy \(spec.name) names networks of the drivers \(drivers.sorted().joined(separator: " and ")): name those of one driver"
            )
        }
        return drivers.first ?? "bridge"
    }

    private func enforce(by name: String) async throws {
        guard let driver = parts.networkDrivers[name] else {
            throw AgentError(.driverNotFound, "there is no network driver \"\(name)\"")
        }
        let own = policyRecords().map(\.spec).filter { (try? policyDriver(of: $0)) == name }
        try await driver.enforce(own)
    }

    private func inPolicyTurn<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        await policyTurn.take()
        defer { policyTurn.give() }
        return try await body()
    }
}
