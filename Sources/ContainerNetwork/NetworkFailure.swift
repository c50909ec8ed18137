internal import Linux
public import Model
internal import Netlink

/// Gives meaning to what the kernel answered.
///
/// - Parameter attempt: What was tried and on what, such as `connect 0123456789abcdef`.
public func attempting<Result>(
    _ attempt: @autoclosure () -> String, _ body: () throws -> Result
) throws(AgentError) -> Result {
    do {
        return try body()
    } catch let error as AgentError {
        throw error
    } catch let error as NetlinkError {
        throw AgentError(network: attempt(), error.code, "\(error)")
    } catch let error as Errno {
        throw AgentError(network: attempt(), error, "\(error)")
    } catch {
        throw AgentError(.driverFailed, "could not \(attempt())", cause: ["\(error)"])
    }
}

extension AgentError {
    fileprivate init(network attempt: String, _ code: Errno, _ reason: String) {
        switch code {
        case .tooManyFiles, Errno(rawValue: 23), .noMemory, .noSpace:  // ENFILE; user.max_net_namespaces is ENOSPC
            self.init(
                .hostFailed,
                "could not \(attempt): the host has run short, raise LimitNOFILE or user.max_net_namespaces, or free memory",
                retryable: true, cause: [reason])
        case Errno(rawValue: 54):  // EXFULL: BR_MAX_PORTS
            self.init(
                .networkExhausted,
                "could not \(attempt): the bridge has all the 1023 ports that the kernel lets it have; a network with --opt mode=routed has no such end",
                retryable: true, cause: [reason])
        case .notPermitted, .accessDenied:
            self.init(
                .hostFailed, "could not \(attempt): the agent needs CAP_NET_ADMIN and CAP_SYS_ADMIN", cause: [reason])
        default: self.init(.hostFailed, "could not \(attempt)", cause: [reason])
        }
    }
}
