import Model
import Testing

@testable import Engine

@Suite struct `Blocks of host ids` {
    @Test func `the lowest free block is given, and none twice`() throws {
        var pool = IDPool(base: 100_000, blocks: 3)
        let blocks = try (0..<3).map { _ in try pool.take() }
        #expect(blocks.map(\.base) == [100_000, 165_536, 231_072])
        #expect(throws: AgentError.self) { try pool.take() }
        pool.give(blocks[1])
        pool.give(blocks[0])
        #expect(try pool.take() == blocks[0])
        #expect(try pool.take() == blocks[1])
        #expect(throws: AgentError.self) { try pool.take() }
    }

    @Test func `a block that was claimed is not given until it comes back`() throws {
        var pool = IDPool(base: 100_000, blocks: 2)
        pool.claim(IDRange(base: 100_000))
        #expect(try pool.take().base == 165_536)
        pool.give(IDRange(base: 100_000))
        #expect(try pool.take().base == 100_000)
    }

    @Test(arguments: [0, 99_999, 100_001, .max, 100_000 + 65536 * 2] as [UInt32])
    func `blocks of another configuration are let be`(base: UInt32) throws {
        var pool = IDPool(base: 100_000, blocks: 2)
        pool.claim(IDRange(base: base))
        pool.give(IDRange(base: base))
        #expect(try pool.take().base == 100_000)
        #expect(try pool.take().base == 165_536)
        #expect(throws: AgentError.self) { try pool.take() }
    }
}

struct UserNamespaceTests {
    @Test func `privileged has the host's ids unless others were asked for`() {
        var spec: SecuritySpec?
        #expect(spec.userNamespace == .auto)
        spec = SecuritySpec()
        spec?.privileged = true
        #expect(spec.userNamespace == .host)
        spec?.userns = UserNamespaceSpec(.auto)
        #expect(spec.userNamespace == .auto)
    }

    @Test func `a range is one that can be`() throws {
        let range = try IDRange(asked: UserNamespaceSpec(.range, first: 100_000, count: 10))
        #expect(range == IDRange(base: 100_000, count: 10))
        #expect(try IDRange(asked: UserNamespaceSpec(.range, first: 100_000)).count == 65536)
    }

    @Test(arguments: [(nil, nil), (0, nil), (-5, 10), (10, 0), (4_294_967_290, 10), (1, .max)] as [(Int?, Int?)])
    func `a range that can't be is refused`(first: Int?, count: Int?) {
        #expect(throws: AgentError.self) {
            try IDRange(asked: UserNamespaceSpec(.range, first: first, count: count))
        }
    }
}
