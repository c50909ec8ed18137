public import Drivers
internal import JSON
internal import LaunchPlan
public import Linux
public import Model

extension DriverMethod<NoValue, HostCheck> {
    public static var check: Self { Self("check") }
}

extension DriverMethod<PlanRequest, IsolationPlan> {
    public static var plan: Self { Self("plan") }
}

extension DriverMethod<ExecPlanRequest, IsolationPlan> {
    public static var planExec: Self { Self("plan.exec") }
}

extension DriverMethod<LimitsChange, CgroupSettings> {
    public static var settings: Self { Self("settings") }
}

extension DriverMethod<ExplainRequest, Explanation> {
    public static var explain: Self { Self("explain") }
}

extension HostCheck: PlainDriverMessage {}

public struct LimitsChange: PlainDriverMessage {
    public var old: Limits
    public var limits: Limits

    public init(old: Limits, limits: Limits) {
        self.old = old
        self.limits = limits
    }
}

extension ExplainRequest: PlainDriverMessage {}
extension Explanation: PlainDriverMessage {}

public struct CgroupSettings: PlainDriverMessage {
    public var settings: [CgroupSetting]

    public init(_ settings: [CgroupSetting]) { self.settings = settings }
}

extension ExecPlanRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var process: ProcessSpec
        var ids: IDRange?
        var target: Int
        var root: Int
        var network: ExecNetwork
        var options: IsolationOptions?
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            container: container, process: process, ids: ids, target: descriptors.add(target),
            root: descriptors.add(root), network: network, options: options)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            container: body.container, process: body.process, ids: body.ids,
            target: descriptors.at(body.target, "target"), root: descriptors.at(body.root, "root"),
            network: body.network, options: body.options)
    }
}

/// A mount on its way to a driver: exactly one of `mount` and `tmpfs` is there.
public struct PlannedMountBody: Sendable, Codable {
    var target: String
    var mount: Int?
    var tmpfs: TmpfsBody?
    var readOnly: Bool
    var recursive: Bool
    var propagation: MountSpec.Propagation?
    var isDevice: Bool

    struct TmpfsBody: Sendable, Codable {
        var size: Int64?
        var mode: Int?
    }

    enum CodingKeys: String, CodingKey {
        case target, mount, tmpfs, recursive, propagation
        case readOnly = "read_only"
        case isDevice = "is_device"
    }

    init(_ planned: PlannedMount, _ descriptors: inout [Descriptor]) {
        target = planned.target
        readOnly = planned.readOnly
        recursive = planned.recursive
        propagation = planned.propagation
        isDevice = planned.isDevice
        switch planned.source {
        case .mount(let descriptor): mount = descriptors.add(descriptor)
        case .tmpfs(let size, let mode): tmpfs = TmpfsBody(size: size, mode: mode)
        }
    }

    func planned(_ descriptors: [Descriptor]) throws -> PlannedMount {
        let source: PlannedMount.Source
        if let mount {
            source = .mount(try descriptors.at(mount, "mount"))
        } else {
            source = .tmpfs(size: tmpfs?.size, mode: tmpfs?.mode)
        }
        return PlannedMount(
            source, target: target, readOnly: readOnly, recursive: recursive, propagation: propagation,
            isDevice: isDevice)
    }
}

extension PlanRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var process: ProcessSpec
        var limits: Limits
        var ids: IDRange?
        var root: Int
        var files: Int
        var network: NamespaceBody
        var options: IsolationOptions?
        var mounts: [PlannedMountBody]?
        var listeners: [Int]?
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        let root = descriptors.add(root)
        let files = descriptors.add(files)
        var body = Body(
            container: container, process: process, limits: limits, ids: ids, root: root, files: files,
            network: NamespaceBody(network, &descriptors), options: options)
        for mount in mounts { body.mounts = (body.mounts ?? []) + [PlannedMountBody(mount, &descriptors)] }
        for listener in listeners { body.listeners = (body.listeners ?? []) + [descriptors.add(listener)] }
        return body
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            container: body.container, process: body.process, limits: body.limits, ids: body.ids,
            network: body.network.namespace(descriptors), root: descriptors.at(body.root, "root"),
            files: descriptors.at(body.files, "files"))
        options = body.options
        mounts = try (body.mounts ?? []).map { try $0.planned(descriptors) }
        listeners = try (body.listeners ?? []).map { try descriptors.at($0, "listeners") }
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
