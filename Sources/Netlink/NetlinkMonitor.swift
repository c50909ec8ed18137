internal import CLinux
internal import CNetlink
public import Linux

/// Hears what others change in one network namespace.
public final class NetlinkMonitor: Sendable {
    /// `RTNLGRP_*`, `NFNLGRP_*`
    public enum Group: UInt32, Sendable, CaseIterable {
        case links = 1
        case addresses4 = 5
        case routes4 = 7
        case addresses6 = 9
        case routes6 = 11
        /// Of the other part of the kernel, so that a monitor hears either this or those above.
        case rules = 0x107

        fileprivate var part: NetlinkSocket.Part { self == .rules ? .netfilter : .route }
        fileprivate var number: UInt32 { rawValue & 0xFF }
    }

    public enum Event: Sendable, Hashable {
        case link(Link), linkDeleted(Link)
        case address(InterfaceAddress), addressDeleted(InterfaceAddress)
        case route(Route), routeDeleted(Route)
        case table(Ruleset.TableID), tableDeleted(Ruleset.TableID)
        /// A transaction is over; who made it, by the number and the name of its thread.
        case generation(UInt32, thread: UInt32, program: String)
        /// More happened than was read in time: look at everything again.
        case lost
    }

    /// Readable when there is something to hear.
    public let descriptor: Descriptor

    /// Hears from now on. Groups of rules and of routes do not go together: throws `EINVAL`.
    public init(_ groups: Set<Group>, in namespace: Descriptor? = nil) throws(NetlinkError) {
        let purpose = "listening to changes of the network"
        guard let part = groups.first?.part, groups.allSatisfy({ $0.part == part }) else {
            throw NetlinkError(purpose, .invalid)
        }
        do throws(Errno) {
            descriptor = try NetlinkSocket.open(part, in: namespace)
            for group in groups { try check(davit_netlink_join(descriptor.rawValue, group.number)) }
        } catch { throw NetlinkError(purpose, error) }
    }

    /// What happened so far; nothing when nothing did. Does not wait.
    public func events() throws(NetlinkError) -> [Event] {
        var events: [Event] = []
        while true {
            do throws(Errno) {
                guard let replies = try descriptor.receiveNetlink() else { return events }
                events += replies.compactMap(Event.init)
            } catch {
                guard error == .noBuffers else { throw NetlinkError("reading changes of the network", error) }
                events.append(.lost)
            }
        }
    }
}

extension NetlinkMonitor.Event {
    /// Nil for what nobody asked about.
    init?(_ reply: NetlinkReply) {
        let event: Self? =
            switch Int(reply.type) {
            case RTM_NEWLINK: Link(reply).map { .link($0) }
            case RTM_DELLINK: Link(reply).map { .linkDeleted($0) }
            case RTM_NEWADDR: InterfaceAddress(reply).map { .address($0) }
            case RTM_DELADDR: InterfaceAddress(reply).map { .addressDeleted($0) }
            case RTM_NEWROUTE: Route(reply).map { .route($0) }
            case RTM_DELROUTE: Route(reply).map { .routeDeleted($0) }
            default: Self(rules: reply)
            }
        guard let event else { return nil }
        self = event
    }

    private init?(rules reply: NetlinkReply) {
        guard Int32(reply.type >> 8) == NFNL_SUBSYS_NFTABLES else { return nil }
        switch UInt32(reply.type & 0xFF) {
        case NFT_MSG_NEWTABLE.rawValue: self.init(Ruleset.TableID(reply).map { .table($0) })
        case NFT_MSG_DELTABLE.rawValue: self.init(Ruleset.TableID(reply).map { .tableDeleted($0) })
        case NFT_MSG_NEWGEN.rawValue: self.init(generation: reply)
        default: return nil
        }
    }

    private init?(_ event: Self?) {
        guard let event else { return nil }
        self = event
    }

    private init?(generation reply: NetlinkReply) {
        guard let (_, attributes) = reply.parts(nfgenmsg.self),
            let id = attributes.network(.generationID, as: UInt32.self)
        else { return nil }
        self = .generation(
            id, thread: attributes.network(.generationProcess, as: UInt32.self) ?? 0,
            program: attributes.text(.generationProgram) ?? "")
    }
}
