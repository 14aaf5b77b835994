//! What programs may rely on: threads, locks, time, memory and the console, as claims about small
//! programs that run whole on the host port.

mod callbacks;
mod chance;
mod check;
mod collect;
mod console;
mod contract;
mod deadlocks;
mod growing;
mod growth;
mod handlers;
mod heap_words;
mod holders;
mod instances;
mod locks;
mod masked;
mod memory;
mod modules;
mod mutexes;
mod objects;
mod poison;
mod rows;
mod schedules;
mod sleeping;
mod suspended;
mod threads;
mod timers;
