import ArgumentParser
import Model

/// What `run` and `create` say of a container's limits and devices.
struct LimitOptions: ParsableArguments {
    func apply(to spec: inout ContainerSpec) throws {}
}
