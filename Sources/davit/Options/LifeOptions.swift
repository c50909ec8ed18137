import ArgumentParser
import Model

/// What `run` and `create` say of a container's restart, health, dependencies, credentials.
struct LifeOptions: ParsableArguments {
    func apply(to spec: inout ContainerSpec) throws {}
}
