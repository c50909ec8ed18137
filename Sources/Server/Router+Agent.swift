public import DriverHost
public import Engine
internal import Systemd

extension Router {
    /// A router with every method of the agent.
    public static func agent(
        _ agent: AgentHandle, drivers: DriverHost, engine: Engine, images: ImageCatalog
    ) -> Router {
        let router = Router(version: agent.version)
        ContainerMethods(engine: engine).register(on: router)
        ImageMethods(images: images, engine: engine).register(on: router)
        ResourceMethods(engine: engine).register(on: router)
        EventMethods(engine: engine).register(on: router)
        AgentMethods(agent: agent, drivers: drivers, engine: engine, images: images).register(on: router)
        return router
    }
}
