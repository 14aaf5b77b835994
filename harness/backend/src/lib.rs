//! Launching and talking to targets.
