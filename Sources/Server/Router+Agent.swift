public import DriverHost
public import Engine
public import Linux
internal import Systemd

extension Router {
    /// A router with every method of the agent.
    public static func agent(
        _ agent: AgentHandle, drivers: DriverHost, engine: Engine, images: ImageCatalog,
        staging: Directory
    ) -> Router {
        let router = Router(version: agent.version)
        let streams = StreamTokens()
        ContainerMethods(engine: engine, streams: streams).register(on: router)
        ExecMethods(engine: engine, streams: streams).register(on: router)
        LifeMethods(engine: engine).register(on: router)
        AttachMethods(engine: engine, streams: streams).register(on: router)
        ImageMethods(images: images, engine: engine).register(on: router)
        ResourceMethods(engine: engine).register(on: router)
        FileMethods(engine: engine, images: images, staging: staging).register(on: router)
        VolumeMethods(engine: engine).register(on: router)
        NetworkMethods(engine: engine).register(on: router)
        ServiceMethods(engine: engine).register(on: router)
        PolicyMethods(engine: engine).register(on: router)
        IsolationMethods(engine: engine).register(on: router)
        EventMethods(engine: engine).register(on: router)
        AgentMethods(agent: agent, drivers: drivers, engine: engine, images: images).register(on: router)
        return router
    }
}
