import Model

/// An error as it is told on standard error: `davit: CODE: message`, its causes, and what to do.
struct ErrorReport {
    let error: AgentError

    var lines: [String] {
        ["davit: \(error.code.rawValue): \(error.message.printable)"]
            + error.cause.map { "  because: \($0.printable)" }
            + (ErrorReport.advice[error.code].map { ["  try: \($0)"] } ?? [])
    }

    /// What `davit run` ends with when the program did not run, as shells and docker have it.
    var runCode: Int32 {
        switch error.code {
        case .containerCommandNotFound: 127
        case .containerCommandNotExecutable: 126
        default: 125
        }
    }

    private static let advice: [ErrorCode: String] = [
        .accessDenied: "usermod -aG davit USER, then log in again; or run it as root",
        .imageNotFound: "davit images lists what is there; davit load -i ARCHIVE brings an image in",
        .imagePlatformMissing: "davit load --platform OS/ARCHITECTURE takes another machine's image",
        .imageInUse: "davit ps -a shows the containers; davit rm them first",
        .containerNotFound: "davit ps -a lists all containers",
        .containerNameInUse: "davit rm the old container, or choose another --name",
        .containerWrongState: "davit ps -a shows how it stands",
        .limitUnavailable: "davit info lists the limits that this host can set",
        .driverNotFound: "davit drivers lists all drivers",
        .methodUnknown: "davit schema lists all methods",
        .eventsGap: "davit events --from oldest --snapshot starts afresh",
        .configInvalid: "davitd --check-config tells where",
        .hostNoSpace: "davit rmi the images that are not needed",
    ]
}
