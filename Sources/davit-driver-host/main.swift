internal import DriverHost

DriverProbe.runIfAsked()
DriverHostCommand.run()
