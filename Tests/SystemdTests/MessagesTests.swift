import Glibc
import Testing

@testable import Systemd

@Suite struct MessagesTests {
    @Test(arguments: [
        ("started", Journal.Priority.info, [], "<6>started\n"),
        ("two\nlines\r\nand more", .error, [], "<3>two lines and more\n"),
        (
            "started", .notice, ["CONTAINER_ID=c1", "CONTAINER_NAME=web"],
            "<5>started [CONTAINER_ID=c1 CONTAINER_NAME=web]\n"
        ),
    ])
    func `without a journal an entry is one line with its priority`(
        message: String, priority: Journal.Priority, fields: [String], expected: String
    ) {
        #expect(Journal.plainLine(message, priority, fields) == expected)
    }

    @Test func `an error names the call, the other side's words and the errno's`() {
        let error = SystemdError(call: "sd_bus_call", errno: EEXIST, message: "Unit was already loaded")
        #expect(error.description == "sd_bus_call: Unit was already loaded (File exists)")
        #expect(SystemdError(call: "sd_event_new", errno: ENOMEM).description == "sd_event_new: Cannot allocate memory")
    }

    @Test func `systemd is told in its own words`() async {
        await #expect(processExitsWith: .success) {
            let inbox = NotifySocket()
            Notify.ready(status: "3 containers\nrunning")
            #expect(inbox.next() == "READY=1\nSTATUS=3 containers running")
            Notify.reloading()
            #expect(inbox.next().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            Notify.stopping()
            #expect(inbox.next() == "STOPPING=1")
            let isStored = try Notify.store(0, name: "registry")
            #expect(isStored)
            #expect(inbox.next() == "FDSTORE=1\nFDNAME=registry\nFDPOLL=0")
            Notify.removeStored(name: "registry")
            #expect(inbox.next() == "FDSTOREREMOVE=1\nFDNAME=registry")
        }
    }

    @Test func `without systemd nothing is stored`() throws {
        #expect(try !Notify.store(0, name: "registry"))
    }

    @Test func `a process that was handed nothing has no listeners`() {
        #expect(Activation.passed.isEmpty)
        #expect(Activation.listeners().isEmpty)
    }

    @Test func `the scope is delegated, unlimited and forgotten after a failure`() {
        let names = PodsScope.properties(7).map { "\($0.name) \($0.value.signature)" }
        #expect(
            names == [
                "Description s", "Slice s", "Before as", "Delegate b", "TasksMax t", "TimeoutStopUSec t",
                "CollectMode s", "PIDs au",
            ])
    }
}

/// The receiving end of `sd_notify`, in this process; for exit tests, as it changes the environment.
private struct NotifySocket {
    private let fd: Int32

    init() {
        fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = "davit-test-notify-\(getpid())"
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in name.utf8.enumerated() { unsafe path[index + 1] = byte }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(fd, $0, length) }
        }
        _ = unsafe setenv("NOTIFY_SOCKET", "@" + name, 1)
    }

    func next() -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = unsafe recv(fd, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
