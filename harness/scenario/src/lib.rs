//! Scenario text to a checked scenario to a plan of runs.
