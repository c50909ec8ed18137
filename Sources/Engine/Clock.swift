internal import Linux

/// Nanoseconds since 1970.
func now() -> Int64 { Clock.now }
