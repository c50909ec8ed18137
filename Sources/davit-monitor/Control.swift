internal import CLinux

/// What the monitor tells the agent. The agent may be dead or deaf: nothing here waits or fails.
enum Control {
    static func launched(pid: Int32, pidfd: Int32) { send(["launched", "\(pid)"], pidfd) }

    static func failed(_ failure: Failure) { send(["failed", "\(failure.step)", "\(failure.number)"]) }

    static func exited(_ exit: Exit) {
        send(["exited", exit.statusText, exit.signalText, exit.oom ? "true" : "false", "\(exit.time)"])
    }

    private static func send(_ fields: [String], _ descriptor: Int32 = -1) {
        var bytes: [UInt8] = []
        for field in fields { bytes += [UInt8](field.utf8) + [0] }
        let descriptors = [descriptor]
        _ = unsafe davit_send(
            Descriptors.control, bytes, bytes.count, descriptors, descriptor < 0 ? 0 : 1, false)
    }
}
