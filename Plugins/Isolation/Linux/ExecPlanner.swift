import Drivers
import LaunchPlan
import Model

/// Writes the steps of one more program in a running container. Pure.
struct ExecPlanner {
    let request: ExecPlanRequest
    let steps: ProgramSteps

    var plan: LaunchPlan {
        // The agent sets `run`, and all else that is about its own descriptors.
        var plan = LaunchPlan(namespaces: [], run: 0, steps: identity + steps.all)
        plan.join = Join(process: 0, namespaces: namespaces)
        let base = request.ids?.base ?? 0
        plan.stdio.owner = Stdio.Owner(uid: base + steps.account.uid, gid: base + steps.account.gid)
        return plan
    }

    private var namespaces: Namespaces {
        var namespaces: Namespaces = [.mount, .pid, .ipc, .uts, .cgroup]
        if request.ids != nil { namespaces.insert(.user) }
        if request.network == .own { namespaces.insert(.network) }
        return namespaces
    }

    /// Until then it is the host's root, who is nobody in there.
    private var identity: [LaunchStep] { request.ids == nil ? [] : [.becomeRoot] }
}
