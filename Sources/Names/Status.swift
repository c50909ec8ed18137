import JSON
import Linux
import Netlink

/// What the resolver tells of itself in `status.json`.
struct Status: Equatable {
    var listening: [IPAddress] = []
    var failed: [IPAddress: Errno] = [:]
    var queries: Int64 = 0
    var answered: Int64 = 0
    var forwarded: Int64 = 0
    var servfail: Int64 = 0

    var document: JSONValue {
        let failures = failed.map { ("\($0)", "\($1)") }.sorted { $0.0 < $1.0 }
        return [
            "pid": .int(Int64(Process.pid)),
            "listening": .array(listening.map { .string("\($0)") }.sorted { "\($0)" < "\($1)" }),
            "failed": .array(failures.map { ["address": .string($0.0), "error": .string($0.1)] }),
            "queries": .int(queries), "answered": .int(answered), "forwarded": .int(forwarded),
            "servfail": .int(servfail),
        ]
    }
}
