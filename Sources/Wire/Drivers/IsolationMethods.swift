public import Drivers
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
        /// The plan's text form: a list of steps, each a list of words.
        var plan: [[String]]
        var descriptors: [Int]
        var cgroup: [CgroupSetting]
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        var indexes: [Int] = []
        for descriptor in self.descriptors { indexes.append(descriptors.add(descriptor)) }
        return Body(plan: plan.fields, descriptors: indexes, cgroup: cgroup)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            plan: LaunchPlan(fields: body.plan),
            descriptors: body.descriptors.map { try descriptors.at($0, "descriptors") },
            cgroup: body.cgroup)
    }
}
