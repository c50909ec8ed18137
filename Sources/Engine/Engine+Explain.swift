public import Drivers
public import Model

extension Engine {
    /// Every wall around a container as it is, or as its next start will build it.
    public func explain(_ target: String) async throws -> Explanation {
        let container = try find(target)
        return try await explain(container.record.spec)
    }

    /// The walls that a container of this spec would have.
    public func explain(_ spec: ContainerSpec) async throws -> Explanation {
        let spec = settled(spec)
        try spec.validate()
        let mode = spec.security.userNamespace
        return try await parts.isolation.explain(ExplainRequest(spec: spec, hasUserNamespace: mode != .host))
    }
}
