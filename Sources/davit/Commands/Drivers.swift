import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Drivers: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List drivers, refused ones too, with the reason.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        try reading.show(agent.connect().callRaw(DriverList.name), things: "drivers") { (list: DriverList.Result) in
            Drivers.table(of: list.drivers).shown
        }
    }

    static func table(of drivers: [DriverInfo]) -> Table {
        Table(
            header: ["KIND", "NAME", "VERSION", "STATE", "CALLS", "TIMEOUTS", "REASON"],
            rows: drivers.map { driver in
                [
                    driver.kind, driver.name, driver.version, driver.state, String(driver.calls),
                    String(driver.timeouts), driver.error.map { "\($0.code.rawValue): \($0.message)" } ?? "",
                ]
            })
    }
}
