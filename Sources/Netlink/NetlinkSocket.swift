internal import CLinux
internal import CNetlink
public import Linux

/// A conversation with one part of the kernel in one network namespace.
///
/// The kernel carries a request out inside the send call, so that nothing here waits for an answer: it is there, or it
/// was lost. One exchange at a time; another thread's begins when it is over.
public final class NetlinkSocket: Sendable {
    public enum Part: Int32, Sendable {
        /// NETLINK_ROUTE
        case route = 0
        /// NETLINK_NETFILTER
        case netfilter = 12
    }

    private let descriptor: Descriptor
    private let conversation = Guarded(Conversation())

    private struct Conversation {
        var sequence: UInt32 = 0
        /// An exchange broke off, and answers to it may still come.
        var isBroken = false
    }

    /// 8 MiB: the kernel wants room for the whole of a transaction, and for an answer to each of its messages.
    private static let buffer: Int32 = 8 << 20

    /// A socket in the namespace of the calling thread, or in another one, where it then stays (`socket`, `setns`).
    /// Needs CAP_NET_ADMIN there for most requests.
    public init(_ part: Part, in namespace: Descriptor? = nil) throws(NetlinkError) {
        do { descriptor = try Self.open(part, in: namespace) } catch {
            throw NetlinkError("opening a netlink socket", error)
        }
    }

    static func open(_ part: Part, in namespace: Descriptor?) throws(Errno) -> Descriptor {
        let open = { @Sendable () throws(Errno) in
            Descriptor(owning: try check(davit_netlink_open(part.rawValue, buffer)))
        }
        guard let namespace else { return try open() }
        return try NetworkNamespace.run(in: namespace, open)
    }

    /// Sends one request and waits for its acknowledgement.
    public func perform(_ message: NetlinkMessage) throws(NetlinkError) { try perform([message]) }

    /// Sends requests in one call, in order. All are tried, also after one that failed; throws the first error.
    public func perform(_ messages: [NetlinkMessage]) throws(NetlinkError) {
        for error in try outcomes(of: messages) {
            if let error { throw error }
        }
    }

    /// Sends requests in one call and answers for each what the kernel had against it.
    public func outcomes(of messages: [NetlinkMessage]) throws(NetlinkError) -> [NetlinkError?] {
        try exchange(messages, asking: .acknowledge).map(\.error)
    }

    /// Sends one request and answers what the kernel says to it.
    public func ask(_ message: NetlinkMessage) throws(NetlinkError) -> [NetlinkReply] {
        let answers = try exchange([message], asking: .acknowledge)
        if let error = answers.first?.error { throw error }
        return answers.first?.replies ?? []
    }

    /// Asks for a list. One that changed while it was read is read again, at most ten times; then throws `EINTR`.
    public func list(_ message: NetlinkMessage) throws(NetlinkError) -> [NetlinkReply] {
        for _ in 0..<10 {
            let answers = try exchange([message], asking: .dump)
            if let replies = try answers.first?.whole() { return replies }
        }
        throw NetlinkError(message.purpose, .interrupted)
    }

    /// A transaction of nftables: all of it or nothing. Only the last message has to be acknowledged.
    func commit(_ messages: [NetlinkMessage]) throws(NetlinkError) {
        let answers = try exchange(messages, asking: [])
        for answer in answers {
            if let error = answer.error { throw error }
        }
    }
}

extension NetlinkSocket {
    /// What the kernel said to one message.
    struct Answer {
        var replies: [NetlinkReply] = []
        var error: NetlinkError?
        var isComplete = false
        var wasInterrupted = false
    }

    private func exchange(
        _ messages: [NetlinkMessage], asking flags: NetlinkMessage.Flags
    ) throws(NetlinkError) -> [Answer] {
        guard let first = messages.first else { return [] }
        if let long = messages.first(where: \.isTooLong) { throw NetlinkError(long.purpose, .messageTooLong) }
        let result: Result<[Answer], NetlinkError> = conversation.withLock { conversation in
            let start = conversation.sequence &+ 1
            conversation.sequence &+= UInt32(messages.count)
            return Result { () throws(NetlinkError) in
                do throws(Errno) {
                    if conversation.isBroken { try drain() }
                    conversation.isBroken = true
                    let answers = try exchange(messages, flags, start)
                    conversation.isBroken = false
                    return answers
                } catch { throw NetlinkError(first.purpose, error) }
            }
        }
        return try result.get()
    }

    private func exchange(
        _ messages: [NetlinkMessage], _ flags: NetlinkMessage.Flags, _ start: UInt32
    ) throws(Errno) -> [Answer] {
        var bytes: [UInt8] = []
        for (index, message) in messages.enumerated() {
            bytes += message.bytes(sequence: start &+ UInt32(index), asking: flags)
        }
        try descriptor.send(bytes)
        var answers = [Answer](repeating: Answer(), count: messages.count)
        let wants = messages.map { !$0.flags.union(flags).isDisjoint(with: [.acknowledge, .dump]) }
        // Answers come in the order of the messages; a transaction's errors come before its acknowledgement.
        let last = wants.lastIndex(of: true) ?? 0
        while !answers[last].isComplete, let replies = try receive() {
            for reply in replies {
                let index = Int(reply.sequence &- start)
                guard answers.indices.contains(index) else { continue }
                answers[index].take(reply, to: messages[index])
            }
        }
        for (index, message) in messages.enumerated() where wants[index] && !answers[index].isComplete {
            // No answer to a message that wanted one: it was lost for want of room.
            answers[index].error = NetlinkError(message.purpose, .noBuffers)
        }
        return answers
    }

    /// Answers to an exchange that broke off are nobody's.
    private func drain() throws(Errno) {
        while try receive() != nil {}
    }

    private func receive() throws(Errno) -> [NetlinkReply]? {
        do { return try descriptor.receiveNetlink() } catch {
            // Some were lost; those that came are still there to read.
            guard error == .noBuffers else { throw error }
            return []
        }
    }
}

extension NetlinkSocket.Answer {
    /// The whole list; nil when it has to be read again.
    fileprivate func whole() throws(NetlinkError) -> [NetlinkReply]? {
        if wasInterrupted || error?.code == .noBuffers { return nil }
        if let error { throw error }
        return replies
    }

    fileprivate mutating func take(_ reply: NetlinkReply, to request: NetlinkMessage) {
        // NLM_F_DUMP_INTR
        if reply.flags & 0x10 != 0, reply.type != UInt16(NLMSG_ERROR) { wasInterrupted = true }
        switch Int32(reply.type) {
        case NLMSG_ERROR, NLMSG_DONE:
            if error == nil { error = NetlinkError(reply, to: request) }
            isComplete = true
        case NLMSG_NOOP, NLMSG_OVERRUN: break
        default: replies.append(reply)
        }
    }
}

extension Descriptor {
    /// What one datagram of the kernel's holds; nil when none waits. Throws ``Errno/noBuffers`` when some were lost.
    func receiveNetlink() throws(Errno) -> [NetlinkReply]? {
        var result: Int64 = 0
        // 64 KiB: the kernel makes no longer ones for a list, 32 KiB as of Linux 6.18.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            // The buffer is as long as it is said to be, and only what was written counts as used.
            result = unsafe davit_netlink_receive(rawValue, base, buffer.count)
            used = max(0, Int(result))
        }
        if result == -Int64(Errno.wouldBlock.rawValue) { return nil }
        try check(result)
        return NetlinkReply.all(in: bytes)
    }
}

/// Turns a negative result of CLinux into an error.
@discardableResult
func check<Number: FixedWidthInteger & SignedInteger>(_ result: Number) throws(Errno) -> Number {
    guard result < 0 else { return result }
    throw Errno(rawValue: Int32(truncatingIfNeeded: 0 - result))
}
