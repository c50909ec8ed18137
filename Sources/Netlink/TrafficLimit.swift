internal import CNetlink
internal import Linux

/// How much a link may send: a bucket that fills at a rate, and of which each packet takes its length (`tbf`).
public struct TrafficLimit: Sendable, Hashable {
    public var bytesPerSecond: UInt64
    /// How many bytes may be sent at once after a pause.
    public var burst: UInt32

    /// The burst is by default 10 ms of the rate, but 64 KiB at least: a smaller one cuts up the large packets of TCP.
    public init(bytesPerSecond: UInt64, burst: UInt32? = nil) {
        self.bytesPerSecond = max(1, bytesPerSecond)
        self.burst = burst ?? UInt32(clamping: max(65536, bytesPerSecond / 100))
    }
}

extension TrafficLimit {
    /// What waits longer than 50 ms is dropped; without that a queue of seconds would build up.
    private var queue: UInt32 { UInt32(clamping: UInt64(burst) + bytesPerSecond / 20) }

    func message(_ link: UInt32) -> NetlinkMessage {
        var options = tc_tbf_qopt()
        options.rate.rate = UInt32(clamping: bytesPerSecond)
        // TC_LINKLAYER_ETHERNET: the kernel computes times itself and needs no table of them.
        options.rate.linklayer = UInt8(TC_LINKLAYER_ETHERNET.rawValue)
        options.limit = queue
        let purpose = "limiting what link \(link) sends"
        // Major number 1 as `tc` would take; the root.
        let header = tcmsg(link, handle: 0x10000, parent: TC_H_ROOT)
        return NetlinkMessage(UInt16(RTM_NEWQDISC), [.create, .replace], header: header, purpose: purpose) { message in
            message.put(.trafficKind, "tbf")
            message.nest(.trafficOptions) { inner in
                inner.put(.bucket, value: options)
                inner.put(.bucketBurst, value: burst)
                if bytesPerSecond > UInt64(UInt32.max) { inner.put(.bucketRate, value: bytesPerSecond) }
            }
        }
    }

    init?(_ attributes: Attributes) {
        guard attributes.text(.trafficKind) == "tbf",
            let options = attributes.nested(.trafficOptions).value(.bucket, as: tc_tbf_qopt.self)
        else { return nil }
        let large = attributes.nested(.trafficOptions).value(.bucketRate, as: UInt64.self)
        let rate = large ?? UInt64(options.rate.rate)
        // The kernel tells the burst as time at the rate, in ticks of 64 ns (PSCHED_SHIFT).
        let burst = (UInt128(options.buffer) * 64 * UInt128(rate) + 500_000_000) / 1_000_000_000
        self.init(bytesPerSecond: rate, burst: UInt32(clamping: burst))
    }
}

extension tcmsg {
    fileprivate init(_ link: UInt32, handle: UInt32 = 0, parent: UInt32, info: UInt32 = 0) {
        self.init()
        tcm_ifindex = Int32(bitPattern: link)
        tcm_handle = handle
        tcm_parent = parent
        tcm_info = info
    }
}

extension RouteSocket {
    /// Limits what a link sends, in the place of an earlier limit, without losing what waits. Idempotent.
    ///
    /// The host's end of a container's veth sends what the container receives.
    public func limit(_ link: UInt32, to limit: TrafficLimit) throws(NetlinkError) {
        try socket.perform(limit.message(link))
    }

    /// Takes the limit away; nothing happens when there is none.
    public func removeLimit(of link: UInt32) throws(NetlinkError) {
        let message = NetlinkMessage(
            UInt16(RTM_DELQDISC), header: tcmsg(link, parent: TC_H_ROOT), purpose: "removing the limit of link \(link)")
        try perform(message, unless: .noSuchFile)
    }

    /// The limits there are, by the index of the link.
    public func limits() throws(NetlinkError) -> [UInt32: TrafficLimit] {
        let message = NetlinkMessage(UInt16(RTM_GETQDISC), header: tcmsg(), purpose: "reading the limits")
        var limits: [UInt32: TrafficLimit] = [:]
        for reply in try socket.list(message) {
            guard let (header, attributes) = reply.parts(tcmsg.self), header.tcm_parent == TC_H_ROOT else { continue }
            limits[UInt32(bitPattern: header.tcm_ifindex)] = TrafficLimit(attributes)
        }
        return limits
    }

    func perform(_ message: NetlinkMessage, unless harmless: Errno) throws(NetlinkError) {
        do { try socket.perform(message) } catch {
            guard error.code == harmless else { throw error }
        }
    }
}

extension RouteSocket {
    /// TC_H_MAJ of TC_H_INGRESS: where filters of arrivals hang.
    private static let arrivals: UInt32 = 0xFFFF_0000

    /// Sends all that arrives at a link through a link of the kind ``Link/Kind/ifb``, where a limit shapes it; it goes on
    /// as if nothing had been. What arrives at the host's end of a veth is what the container sends.
    public func redirectArrivals(of link: UInt32, through buffer: UInt32) throws(NetlinkError) {
        let purpose = "redirecting the arrivals of link \(link)"
        let queue = NetlinkMessage(
            UInt16(RTM_NEWQDISC), [.create, .replace],
            header: tcmsg(link, handle: Self.arrivals, parent: 0xFFFF_FFF1), purpose: purpose
        ) { $0.put(.trafficKind, "ingress") }
        // Priority 1, ETH_P_ALL in the network's order.
        let info = UInt32(1) << 16 | UInt32(UInt16(3).bigEndian)
        let filter = NetlinkMessage(
            UInt16(RTM_NEWTFILTER), [.create, .exclusive],
            header: tcmsg(link, parent: Self.arrivals, info: info), purpose: purpose
        ) { message in
            message.put(.trafficKind, "u32")
            message.nest(.trafficOptions) { $0.putRedirection(to: buffer) }
        }
        try socket.perform([queue, filter])
    }

    /// Undoes it; nothing happens when there is nothing to undo.
    public func stopRedirectingArrivals(of link: UInt32) throws(NetlinkError) {
        let message = NetlinkMessage(
            UInt16(RTM_DELQDISC), header: tcmsg(link, parent: 0xFFFF_FFF1),
            purpose: "ending the redirection of link \(link)")
        do { try perform(message, unless: .noSuchFile) } catch {
            guard error.code == .invalid else { throw error }
        }
    }
}

extension NetlinkMessage {
    /// A selector that every packet matches, and the action of `mirred`.
    fileprivate mutating func putRedirection(to link: UInt32) {
        var action = tc_mirred()
        action.action = TC_ACT_STOLEN
        action.eaction = TCA_EGRESS_REDIR
        action.ifindex = link
        put(.selector, Self.everyPacket)
        nest(.selectorActions) { actions in
            // The first action.
            actions.nest(Attribute(1)) { first in
                first.put(.actionKind, "mirred")
                first.nest(.actionOptions) { $0.put(.redirection, value: action) }
            }
        }
    }

    /// `struct tc_u32_sel` with one key whose mask is 0: flags TC_U32_TERMINAL, no shift, one key, then zeros.
    private static let everyPacket: [UInt8] =
        [1, 0, 1] + Array(repeating: 0, count: MemoryLayout<tc_u32_sel>.size + MemoryLayout<tc_u32_key>.size - 3)
}
