//! What programs may rely on: threads, locks, time, memory and the console, as claims about small
//! programs that run whole on the host port.

mod chance;
mod check;
mod console;
mod instances;
mod locks;
mod masked;
mod memory;
mod poison;
mod sleeping;
mod threads;
