// DriverHostTests
