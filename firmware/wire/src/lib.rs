//! Telemetry records and frames, shared by firmware and harness.
#![no_std]
