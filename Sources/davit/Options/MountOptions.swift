import ArgumentParser
import Model

/// What `run` and `create` say of a container's file systems.
struct MountOptions: ParsableArguments {
    func apply(to spec: inout ContainerSpec) throws {}
}
