import Linux
import Model

/// Gives meaning to what the kernel answered.
///
/// - Parameter attempt: What was tried and on what, such as `make the root file system of 0123456789abcdef`.
func attempting<Result>(_ attempt: @autoclosure () -> String, _ body: () throws -> Result) throws(AgentError) -> Result
{
    do {
        return try body()
    } catch let error as AgentError {
        throw error
    } catch let error as Errno {
        throw AgentError(storage: attempt(), error)
    } catch {
        throw AgentError(.driverFailed, "could not \(attempt())", cause: ["\(error)"])
    }
}

extension AgentError {
    fileprivate init(storage attempt: String, _ error: Errno) {
        switch error {
        case .noSpace, Errno(rawValue: 122):  // EDQUOT
            self.init(
                .hostNoSpace, "could not \(attempt): the disk of the storage directory is full, free some space",
                retryable: true, cause: ["\(error)"])
        case .tooManyFiles, Errno(rawValue: 23), .noMemory:  // ENFILE
            self.init(
                .hostFailed, "could not \(attempt): the host has run short, raise LimitNOFILE or free memory",
                retryable: true, cause: ["\(error)"])
        default:
            self.init(.hostFailed, "could not \(attempt)", cause: ["\(error)"])
        }
    }
}
