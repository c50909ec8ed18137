public import Drivers
internal import JSON
internal import LaunchPlan
public import Linux
internal import Model

extension DriverMethod<NoValue, HostCheck> {
    public static var check: Self { Self("check") }
}

extension DriverMethod<PlanRequest, IsolationPlan> {
    public static var plan: Self { Self("plan") }
}

extension HostCheck: PlainDriverMessage {}

extension PlanRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var process: ProcessSpec
        var limits: Limits
        var ids: IDRange?
        var root: Int
        var files: Int
        var network: NamespaceBody
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        let root = descriptors.add(root)
        let files = descriptors.add(files)
        return Body(
            container: container, process: process, limits: limits, ids: ids, root: root, files: files,
            network: NamespaceBody(network, &descriptors))
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            container: body.container, process: body.process, limits: body.limits, ids: body.ids,
            network: body.network.namespace(descriptors), root: descriptors.at(body.root, "root"),
            files: descriptors.at(body.files, "files"))
    }
}

extension IsolationPlan: DriverMessage {
    public struct Body: Sendable, Codable {
        /// The plan's text form: a list of steps, each a list of words. Hundreds of words, so past `Codable`.
        var plan: JSONValue
        var descriptors: [Int]
        var cgroup: [CgroupSetting]
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        var indexes: [Int] = []
        for descriptor in self.descriptors { indexes.append(descriptors.add(descriptor)) }
        return Body(
            plan: .array(plan.fields.map { .array($0.map { .string($0) }) }), descriptors: indexes, cgroup: cgroup)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        let fields = try (body.plan.array ?? []).map(Self.words)
        try self.init(
            plan: LaunchPlan(fields: fields),
            descriptors: body.descriptors.map { try descriptors.at($0, "descriptors") }, cgroup: body.cgroup)
    }

    private static func words(_ step: JSONValue) throws -> [String] {
        try (step.array ?? []).map { word in
            guard let word = word.string else {
                throw AgentError(.driverBadReply, "a step of the driver's plan is not a list of words")
            }
            return word
        }
    }
}
