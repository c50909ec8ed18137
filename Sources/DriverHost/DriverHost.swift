// DriverHost
