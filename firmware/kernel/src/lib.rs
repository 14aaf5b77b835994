//! The runtime: threads, locks, clock, heap and their accounting.
#![no_std]

pub mod heap;
