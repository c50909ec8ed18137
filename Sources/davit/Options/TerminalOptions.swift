import ArgumentParser
import Model

/// What `run` and `create` say of a container's -t, -i and the like.
struct TerminalOptions: ParsableArguments {
    func apply(to spec: inout ContainerSpec) throws {}
}
