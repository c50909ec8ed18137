public import Drivers
import LaunchPlan
import Linux
public import Model

/// Isolation by namespaces, capabilities, seccomp, Landlock and cgroups: the walls that every Linux has.
///
/// Nothing is kept of a container, so there is nothing to recover or to collect. Concurrent.
public struct LinuxIsolation: IsolationDriver {
    private let host: HostFacts
    private let filters: FilterStore

    /// Compiles the system call filter, which takes a few milliseconds. Throws `host.failed` when that can't be done.
    public init() throws {
        host = .current
        filters = try FilterStore(kernel: host.kernel)
    }

    public func check() async throws -> HostCheck { HostProbe.check() }

    /// Reads the image's passwd and group below the root, and a seccomp profile of the caller's; touches nothing. Blocks as
    /// long as that takes.
    ///
    /// Throws `container.user_not_found`, `security.refused`, `mount.refused`, `limit.unavailable`, `request.invalid`.
    public func plan(_ request: PlanRequest) async throws -> IsolationPlan {
        let root = ImageRoot(request.root)
        let options = request.options ?? IsolationOptions()
        let place = Walls.Place(hasUserNamespace: request.ids != nil, sharesNetwork: request.network.isHost)
        let walls = try Walls(options, in: place, on: host, filters: filters)
        let mounts = try PlacedMount.all(request.mounts, in: root)
        var given = GivenDescriptors(request.descriptors)
        var program = try program(request.process, options, walls, root, request.ids, &given)
        program.ownNumber = options.initProcess == true ? 2 : 1
        program.listeners = given.add(all: request.listeners)
        let furniture = Furniture(
            etc: try etc(root, request).map { (target: $0.target, index: given.add($0.mount)) },
            mounts: mounts.flatMap { $0.steps(index: given.add(mountOf: $0)) },
            temporary: request.process.readOnlyRoot ? root.temporaryDirectories(besides: mounts) : [],
            devices: walls.isPrivileged ? given.add(try HostDevices.tree(ids: request.ids)) : nil)
        let planner = Planner(
            request: request, options: options, walls: walls, program: program, furniture: furniture)
        return IsolationPlan(
            plan: planner.plan, descriptors: given.all,
            cgroup: try request.limits.cgroupSettings(replacing: Limits()))
    }

    /// Reads the passwd and group that the container has now, and touches nothing. Blocks as long as that takes.
    ///
    /// Throws `container.user_not_found`, `security.refused`, `limit.unavailable`, `request.invalid`.
    public func planExec(_ request: ExecPlanRequest) async throws -> IsolationPlan {
        let options = request.options ?? IsolationOptions()
        let place = Walls.Place(
            hasUserNamespace: request.ids != nil, sharesNetwork: request.network == .host, isExec: true)
        let walls = try Walls(options, in: place, on: host, filters: filters)
        var given = GivenDescriptors(request.descriptors)
        let program = try program(
            request.process, options, walls, ImageRoot(request.root), request.ids, &given)
        return IsolationPlan(
            plan: ExecPlanner(request: request, steps: program).plan, descriptors: given.all, cgroup: [])
    }

    /// Throws `device.not_found` for a bound on a device that is not there.
    public func settings(for limits: Limits, replacing old: Limits) async throws -> [CgroupSetting] {
        try limits.cgroupSettings(replacing: old)
    }

    /// Throws as ``plan(_:)`` does for what can't be built.
    public func explain(_ request: ExplainRequest) async throws -> Explanation {
        let place = Walls.Place(
            hasUserNamespace: request.hasUserNamespace, sharesNetwork: request.spec.network == "host")
        let options = IsolationOptions(request.spec) ?? IsolationOptions()
        let walls = try Walls(options, in: place, on: host, filters: filters)
        return WallInspection(request: request, walls: walls, host: host).explanation
    }

    private func program(
        _ process: ProcessSpec, _ options: IsolationOptions, _ walls: Walls, _ root: ImageRoot, _ ids: IDRange?,
        _ given: inout GivenDescriptors
    ) throws(AgentError) -> ProgramSteps {
        let account = try Account(
            process.user, groups: options.groups ?? [], in: Accounts(root: root), ids: ids)
        return ProgramSteps(
            process: process, account: account, walls: walls, filterIndex: walls.filter.map { given.add($0) })
    }

    private func etc(_ root: ImageRoot, _ request: PlanRequest) throws(AgentError) -> [EtcFile] {
        do {
            return try EtcFile.all(of: request.files, for: root, readOnly: request.process.readOnlyRoot)
        } catch {
            throw AgentError(
                .hostFailed, "could not take the files hostname, hosts and resolv.conf of \(request.container)",
                cause: ["\(error)"])
        }
    }
}

/// The descriptors of a plan as it grows: the request's first.
struct GivenDescriptors {
    private(set) var all: [Descriptor]

    init(_ first: [Descriptor]) { all = first }

    /// Answers its number in the plan.
    mutating func add(_ descriptor: Descriptor) -> Int {
        all.append(descriptor)
        return all.count - 1
    }

    mutating func add(all more: [Descriptor]) -> Range<Int> {
        all += more
        return all.count - more.count..<all.count
    }

    mutating func add(mountOf placed: PlacedMount) -> Int? {
        if case .mount(let descriptor) = placed.mount.source { return add(descriptor) }
        return nil
    }
}

extension Attachment.Namespace {
    var isHost: Bool { if case .host = self { true } else { false } }
}

extension ImageRoot {
    /// Where programs write what need not last, in a container whose root is read-only: unless something is mounted there,
    /// and where the image has the directory, for on a read-only root none can be made.
    func temporaryDirectories(besides mounts: [PlacedMount]) -> [String] {
        var found: [String] = []
        for name in ["run", "tmp", "var/tmp"] {
            guard let place = try? withoutLinks(name), place.exists, !found.contains(place.path),
                !mounts.contains(where: { $0.target == place.path })
            else { continue }
            found.append(place.path)
        }
        return found
    }
}
