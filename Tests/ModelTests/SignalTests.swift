import Model
import Testing

@Suite struct `A signal` {
    @Test(arguments: [
        ("TERM", 15), ("SIGTERM", 15), ("sigterm", 15), ("15", 15), ("KILL", 9), ("HUP", 1), ("SYS", 31), ("WINCH", 28),
        ("RTMIN", 34), ("RTMIN+3", 37), ("SIGRTMAX-1", 63), ("RTMAX", 64), ("64", 64), ("1", 1),
    ])
    func `is read by name, with or without SIG, or by number`(text: String, number: Int32) throws {
        #expect(try Signal(text).number == number)
    }

    @Test(arguments: ["", "0", "65", "-1", "TERMX", "SIG", "RTMIN+31", "RTMAX-31", "RTMIN+-1", "15 ", "99999999999"])
    func `is refused when there is no such one`(text: String) {
        #expect(throws: AgentError.self) { try Signal(text) }
    }

    @Test func `prints a name that reads back`() throws {
        for number in Int32(1)...64 where !(32...33).contains(number) {
            let printed = try Signal("\(number)").description
            #expect(try Signal(printed).number == number)
        }
    }
}
