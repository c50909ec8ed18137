import ArgumentParser
import Model

/// What `run` and `create` say of a container's walls.
struct SecurityOptions: ParsableArguments {
    func apply(to spec: inout ContainerSpec) throws {}
}
