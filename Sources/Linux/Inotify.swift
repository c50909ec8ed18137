internal import CLinux

/// Tells of changes to files and directories. Its descriptor becomes readable; reading never blocks.
public struct Inotify: Sendable {
    /// What to watch for: `IN_*` of `<sys/inotify.h>`.
    public struct Events: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let modified = Events(rawValue: 0x2)
        public static let attributes = Events(rawValue: 0x4)
        public static let closedAfterWrite = Events(rawValue: 0x8)
        public static let movedFrom = Events(rawValue: 0x40)
        public static let movedTo = Events(rawValue: 0x80)
        public static let created = Events(rawValue: 0x100)
        public static let deleted = Events(rawValue: 0x200)
        public static let selfDeleted = Events(rawValue: 0x400)
        public static let selfMoved = Events(rawValue: 0x800)
        /// Only in an event: some were lost.
        public static let overflow = Events(rawValue: 0x4000)
        /// Only in an event: the watch is gone.
        public static let ignored = Events(rawValue: 0x8000)
    }

    public struct Event: Sendable, Hashable {
        /// What ``Inotify/watch(_:_:)`` returned; -1 on overflow.
        public var watch: Int32
        public var events: Events
        /// The name inside a watched directory; empty for the watched file itself.
        public var name: String
    }

    public let descriptor: Descriptor

    public init() throws(Errno) { descriptor = Descriptor(owning: try check(davit_inotify_init())) }

    /// Watches what a path names, links followed. The same file gives the same number (`inotify_add_watch`).
    @discardableResult
    public func watch(_ path: String, _ events: Events) throws(Errno) -> Int32 {
        let path = try plain(path)
        return try check(unsafe davit_inotify_add(descriptor.rawValue, path, events.rawValue))
    }

    /// Watches an open file.
    @discardableResult
    public func watch(_ file: borrowing some OpenFile & ~Copyable, _ events: Events) throws(Errno) -> Int32 {
        try watch(file.path, events)
    }

    public func remove(watch: Int32) throws(Errno) {
        try check(davit_inotify_remove(descriptor.rawValue, watch))
    }

    /// The events so far; none when nothing happened.
    public func read() throws(Errno) -> [Event] {
        var bytes: [UInt8]
        do { bytes = try descriptor.read(upTo: 16384) } catch let error where error == .wouldBlock { return [] }
        var events: [Event] = []
        while let event = Event(taking: &bytes) { events.append(event) }
        return events
    }
}

extension Inotify.Event {
    /// struct inotify_event: watch, mask, cookie, length of the padded name, name.
    fileprivate init?(taking bytes: inout [UInt8]) {
        guard bytes.count >= 16 else { return nil }
        let head = Array(bytes.prefix(16))
        let word = { (at: Int) in (0..<4).reduce(UInt32(0)) { $0 | UInt32(head[at + $1]) << UInt32(8 * $1) } }
        let length = Int(word(12))
        watch = Int32(bitPattern: word(0))
        events = Inotify.Events(rawValue: word(4))
        name = String(decoding: bytes.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self)
        bytes.removeFirst(min(bytes.count, 16 + length))
    }
}
