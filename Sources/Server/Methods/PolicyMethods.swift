internal import Engine
internal import Model
internal import Systemd
internal import Wire

struct PolicyMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(PolicyCreate.self) { spec, _ in PolicyInfo(try await engine.createPolicy(spec)) }
        router.on(PolicyList.self) { _, _ in
            PolicyList.Result(policies: await engine.policyRecords().map(PolicyInfo.init))
        }
        router.on(PolicyGet.self) { params, _ in PolicyInfo(try await engine.policy(params.policy)) }
        router.on(PolicyRemove.self) { params, _ in
            try await engine.removePolicy(params.policy)
            return Done()
        }
    }
}

extension PolicyInfo {
    init(_ record: PolicyRecord) { self.init(spec: record.spec, createdAt: record.createdAt) }
}
