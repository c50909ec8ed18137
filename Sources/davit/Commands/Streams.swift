import Linux
import Model
import Wire

/// Our own standard streams, to be given to a program in a container.
struct Streams {
    let descriptors: [Int32]
    /// Which of `descriptors` is which.
    let stdio: Stdio

    /// Throws `request.invalid` where one of them is closed: another file would have taken its number.
    init(withInput: Bool) throws(AgentError) {
        descriptors = withInput ? [0, 1, 2] : [1, 2]
        stdio = withInput ? Stdio(stdin: 0, stdout: 1, stderr: 2) : Stdio(stdout: 0, stderr: 1)
        for number in 0..<Int32(3) {
            do { _ = try StandardStream(rawValue: number).status() } catch {
                throw AgentError(.requestInvalid, "descriptor \(number) is closed: redirect it to /dev/null")
                    .caused(by: error)
            }
        }
    }
}
