import DNSMessage
import TestSupport
import Testing

@Suite struct MessageTests {
    /// id 7, recursion desired, one question and one additional record: `Db.davit.internal`, A, IN; OPT of 1232 bytes.
    static let query: [UInt8] =
        [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2] + Array("Db".utf8) + [5] + Array("davit".utf8) + [8]
        + Array("internal".utf8) + [0, 0, 1, 0, 1] + [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]

    @Test func `a query is read`() throws {
        let question = try #require(Question(Self.query))
        #expect(question.name == "Db.davit.internal.")
        #expect(question.kind == .a)
        #expect(question.isOrdinary)
        #expect(question.datagramLimit == 1232)
    }

    @Test func `what is no query with one question is refused`() {
        var (response, two) = (Self.query, Self.query)
        response[2] |= 0x80
        two[5] = 2
        for bytes in [[], [0], Array(Self.query.prefix(20)), response, two] { #expect(Question(bytes) == nil) }
    }

    @Test func `a reply has the id and the question of its query`() throws {
        let reply = try #require(
            Message.reply(
                to: Self.query, Reply(code: .fine, answers: ["Db.davit.internal. 5 IN A 10.0.0.1"]), limit: 512))
        #expect(Message.isReply(reply, to: Self.query))
        #expect(Message.questionBytes(of: reply) == Message.questionBytes(of: Self.query))
        var (otherID, otherName) = (reply, reply)
        otherID[1] ^= 1
        otherName[14] ^= 1
        #expect(!Message.isReply(otherID, to: Self.query))
        #expect(!Message.isReply(otherName, to: Self.query))
        #expect(!Message.isReply(Self.query, to: Self.query))
    }

    @Test func `a reply without room for its records is truncated`() throws {
        let answers = (1...100).map { "Db.davit.internal. 5 IN A 10.0.0.\($0)" }
        let reply = try #require(Message.reply(to: Self.query, Reply(code: .fine, answers: answers), limit: 512))
        #expect(reply.count <= 512)
        #expect(reply[2] & 2 == 2)
    }

    @Test func `changed bytes are read or refused`() {
        var random = SeededGenerator(53)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = Self.query
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0 ... .max, using: &random)
            }
            bytes = Array(bytes.prefix(.random(in: 0...bytes.count * 2, using: &random)))
            guard Question(bytes) != nil else { continue }
            read += 1
            #expect(Message.reply(to: bytes, Reply(code: .refused), limit: 512) != nil)
        }
        #expect(read > 100)
    }
}
