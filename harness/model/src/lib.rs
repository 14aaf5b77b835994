//! Records to the state of the device, to profile, findings and verdict.
