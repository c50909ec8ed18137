internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// The program `davit-driver-host`.
public enum DriverHostCommand {
    private static let usage = """
        usage: davit-driver-host --manifest NAME.so
        Loads a driver and prints what belongs into NAME.driver.json beside it.

        """

    /// Carries out the arguments; ends the process.
    public static func run(_ arguments: [String] = CommandLine.arguments) -> Never {
        guard arguments.count == 3, arguments[1] == "--manifest" else {
            finish(2, usage, to: STDERR_FILENO)
        }
        do {
            finish(0, try manifest(arguments[2]), to: STDOUT_FILENO)
        } catch {
            finish(1, "davit-driver-host: \(arguments[2]): \(error)\n", to: STDERR_FILENO)
        }
    }

    /// The manifest file's text for a shared object, which is loaded for it.
    static func manifest(_ path: String) throws -> String {
        let working = path.hasPrefix("/") ? "/" : "."
        let object = try Directory(path: working).open(path).shared()
        let identity = try FileIdentity(object)
        var manifest = try DriverLibrary(object).manifest
        manifest.sha256 = identity.sha256
        return String(json: try JSONValue(encoding: manifest), pretty: true) + "\n"
    }

    private static func finish(_ status: Int32, _ text: String, to number: Int32) -> Never {
        let copy = try? Descriptor(duplicating: number)
        try? copy?.write(text)
        exit(status)
    }
}
