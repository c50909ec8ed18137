import Netlink

extension IPAddress {
    /// The link address of a container that asks for none: whoever has an IP address has the same, so that no machine of the
    /// LAN sends to the link of a container that had the address before. Two of a thousand are the same once in a million
    /// LANs.
    var usualMAC: MACAddress? {
        // FNV-1a, folded to 40 bits; the first byte says that no manufacturer gave it.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let folded = hash ^ hash >> 40
        return MACAddress(bytes: [2] + (0..<5).map { UInt8(truncatingIfNeeded: folded >> UInt64(8 * $0)) })
    }
}
