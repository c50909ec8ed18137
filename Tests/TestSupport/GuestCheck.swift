/// What a script in a booted guest found out: a line `ok NAME` or `not ok NAME`, and the lines after it.
public struct GuestCheck: Sendable {
    /// What is said to be so.
    public let name: String
    /// Whether it is.
    public let passed: Bool
    /// What the check said.
    public private(set) var details = ""

    /// The checks of a guest, or one that failed where there are none.
    public static func all(in said: Command) -> [GuestCheck] {
        var checks: [GuestCheck] = []
        for line in said.output.split(separator: "\n") {
            if line.hasPrefix("ok ") {
                checks.append(GuestCheck(name: String(line.dropFirst(3)), passed: true))
            } else if line.hasPrefix("not ok ") {
                checks.append(GuestCheck(name: String(line.dropFirst(7)), passed: false))
            } else if !checks.isEmpty {
                checks[checks.count - 1].details += line + "\n"
            }
        }
        guard checks.isEmpty else { return checks }
        return [GuestCheck(name: "the machine boots", passed: false, details: said.output + said.error)]
    }
}
