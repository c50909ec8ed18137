import Model
import Testing

@testable import IsolationLinux

struct AccountTests {
    private let accounts = Accounts(
        passwd: Array(
            """
            root:x:0:0:root:/root:/bin/sh
            # a comment
            broken
            :x:7:7::/:
            negative:x:-1:0::/:
            nochange:x:4294967295:0::/:
            www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
            far:x:70000:33::/home/far:/bin/sh
            relative:x:5:5::home:/bin/sh
            """.utf8),
        group: Array(
            """
            root:x:0:
            www-data:x:33:
            ssl:x:101:redis,www-data
            log:x:102:www-data,
            again:x:33:www-data
            far:x:70000:www-data
            """.utf8))
    private let ids = IDRange(base: 1_000_000)

    @Test(arguments: [
        ("", 0, 0, [UInt32](), "/root"),
        ("0", 0, 0, [], "/root"),
        ("root", 0, 0, [], "/root"),
        ("www-data", 33, 33, [101, 102], "/var/www"),
        ("33", 33, 33, [101, 102], "/var/www"),
        ("1000", 1000, 0, [], "/"),
        ("1000:1001", 1000, 1001, [], "/"),
        ("www-data:ssl", 33, 101, [], "/var/www"),
        ("www-data:0", 33, 0, [], "/var/www"),
        (":101", 0, 101, [], "/root"),
        ("root:", 0, 0, [], "/root"),
        ("relative", 5, 5, [], "/"),
    ])
    func `a user is found`(wanted: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String) throws {
        let account = try Account(wanted, in: accounts, ids: ids)
        #expect(account.uid == uid)
        #expect(account.gid == gid)
        #expect(account.groups == groups)
        #expect(account.home == home)
    }

    @Test(arguments: [
        "nobody", "root:nobody", "broken", "negative", "nochange", "far", "65536", "0:65536", "4294967295", "+1", "-1",
        " 0",
    ])
    func `an unknown user is refused`(wanted: String) {
        let error = #expect(throws: AgentError.self) { try Account(wanted, in: accounts, ids: ids) }
        #expect(error?.code == .containerUserNotFound)
    }

    @Test func `without an id range any id will do`() throws {
        #expect(try Account("far", in: accounts, ids: nil).uid == 70000)
    }

    @Test func `no accounts at all still leave the numbers`() throws {
        let none = Accounts(passwd: [], group: [])
        #expect(try Account("", in: none, ids: ids) == Account("0:0", in: none, ids: ids))
    }

    @Test func `groups beyond the limit are dropped`() throws {
        let text = (0..<5000).map { "g\($0):x:\($0 + 1):me" }.joined(separator: "\n")
        let many = Accounts(passwd: Array("me:x:9:0::/:".utf8), group: Array(text.utf8))
        #expect(try Account("me", in: many, ids: ids).groups.count == Account.groupLimit)
    }
}
