/// What PID 1 says of the host as a whole.
public enum SystemState {
    /// Whether the host is going down, as `systemctl is-system-running` tells. False where PID 1 is not systemd, or does
    /// not answer. Blocks, 1 ms as a rule.
    public static func isStopping() -> Bool {
        guard booted else { return false }
        do {
            let state = try Bus.systemd().stringProperty(
                "SystemState", of: "org.freedesktop.systemd1.Manager", at: "/org/freedesktop/systemd1")
            return state == "stopping"
        } catch {
            return false
        }
    }
}
