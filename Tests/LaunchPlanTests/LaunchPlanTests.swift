// LaunchPlanTests
