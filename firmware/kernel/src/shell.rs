//! The shell: the console thread, the main thread, and the commands between them.
//!
//! A person at a terminal and a scenario's `write-serial` steps type the same lines. `run NAME`
//! hands a program to the main thread, so that the other commands answer while it runs. The
//! console thread also writes the reports of torn-down units and sends the samples; it runs above
//! the default priority and does little each time.
//!
//! Invariants:
//! 1. Nothing but text is on the wire, and each line is whole.
//! 2. A program's `ended` line is written after its last samples are in the ring, so whoever has
//!    seen the line can judge the figures.

mod memory;

use crate::callback;
use crate::collect;
use crate::command;
use crate::compat::{self, Strictness};
use crate::console;
use crate::deadlock;
use crate::drain::{self, WayOut};
use crate::error::Error;
use crate::kernel::{self, MAILBOX};
use crate::leak;
use crate::mem::tell::{self, When};
use crate::mem::{limits, refusal};
use crate::module;
use crate::port::{self, ResetNote};
use crate::println;
use crate::sample;
use crate::sched::{Slot, State, THREADS_MAX, WaitQueue, Wake, Why};
use crate::slices;
use crate::sync::races;
use crate::thread;
use crate::time::Instant;
use crate::timer;
use core::fmt;
use ramscope_wire as wire;
use wire::{CollectWhy, Level, ProgramPhase};

/// The longest line that a person may type.
const LINE_BYTES: usize = 96;

/// A program that `run` starts.
#[derive(Clone, Copy)]
pub struct Program {
    /// What `run` calls it.
    pub name: &'static str,
    /// One line for `programs`.
    pub summary: &'static str,
    /// The program; it runs in the main thread.
    pub run: fn(Arguments<'_>) -> Result<(), Error>,
}

/// The `key=value` words after a program's name.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    words: &'a str,
}

impl<'a> Arguments<'a> {
    /// The value of `key`, if it was given.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let words = self.words.split_ascii_whitespace();
        words.filter_map(|word| word.split_once('=')).find(|(name, _)| *name == key).map(|it| it.1)
    }

    /// The value of `key` as a number, or `default` if it was not given or is none.
    #[must_use]
    pub fn number(&self, key: &str, default: u32) -> u32 {
        self.text(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

/// A line of text in fixed memory.
#[derive(Clone, Copy)]
struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
    /// More was typed than fits: the line is refused as a whole.
    too_long: bool,
}

impl Line {
    const EMPTY: Line = Line { bytes: [0; LINE_BYTES], length: 0, too_long: false };

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

/// What the console thread hands to the main thread.
pub(crate) struct Mailbox {
    /// The main thread, when it has nothing to run.
    pub(crate) waiter: WaitQueue,
    request: Option<(usize, Line)>,
    programs: &'static [Program],
    running: bool,
}

impl Mailbox {
    pub(crate) const fn new() -> Self {
        Self { waiter: WaitQueue::new(), request: None, programs: &[], running: false }
    }

    pub(crate) fn set_programs(&mut self, programs: &'static [Program]) {
        self.programs = programs;
    }
}

/// The main thread: runs what it is handed, one program after the other.
pub(crate) extern "C" fn main_thread() -> ! {
    let mut line = Line::EMPTY;
    loop {
        let program = next_request(&mut line);
        run(&program, &line);
    }
}

/// The next program to run; its arguments go into `line`, without another copy of them on the way:
/// every program pays with its stack for what lies below it.
fn next_request(line: &mut Line) -> Program {
    loop {
        let taken = kernel::with(|kernel| {
            let mailbox = &mut kernel.mailbox;
            let (index, typed) = mailbox.request.as_ref()?;
            *line = *typed;
            let program = mailbox.programs[*index];
            mailbox.request = None;
            mailbox.running = true;
            // What interrupted the program before does not interrupt this one.
            if core::mem::take(&mut kernel.current().is_interrupted) {
                kernel.lower_for_thread();
            }
            Some(program)
        });
        if let Some(taken) = taken {
            return taken;
        }
        let waited = thread::wait_through(|kernel| {
            if kernel.mailbox.request.is_none() {
                let queue = (&mut kernel.mailbox.waiter, MAILBOX);
                kernel.sched.block_running(Why::Console, Some(queue), None);
            }
        });
        debug_assert!(waited.is_ok(), "nothing but a request ends this wait");
    }
}

fn run(program: &Program, line: &Line) {
    let name = program.name;
    program_record(ProgramPhase::Started, false, name);
    let words = line.as_str();
    let mut result = Ok(());
    port::contain(&mut || {
        result = (program.run)(Arguments { words });
        thread::drop_locals();
    });
    kernel::with(|kernel| limits::forget_locks(kernel, Slot::MAIN));
    sample::all();
    tell::ask();
    program_record(ProgramPhase::Ended, result.is_ok(), name);
    kernel::with(|kernel| kernel.mailbox.running = false);
    match result {
        Ok(()) => println!("{name}: ended"),
        Err(error) => println!("{name}: failed: {error}"),
    }
}

fn program_record(phase: ProgramPhase, ok: bool, name: &'static str) {
    kernel::with(|kernel| kernel.record(Level::Samples, &wire::Program { phase, ok, name }));
}

/// The console thread: input, reports, samples.
pub(crate) fn console_thread() -> Result<(), Error> {
    let name = kernel::with(|kernel| kernel.facts().name);
    let note = kernel::with(|kernel| kernel.facts().reset_note);
    if !note.is_empty() {
        println!("last boot: {note}");
    }
    println!("ramscope {} on {name}: ready", env!("CARGO_PKG_VERSION"));
    let mut line = Line::EMPTY;
    let mut rounds = 0;
    let mut next_samples = Instant::now().ticks() + sample::PERIOD_TICKS;
    loop {
        write_reports();
        tell::answer();
        while let Some(byte) = console::read() {
            type_byte(&mut line, byte);
        }
        if Instant::now().ticks() >= next_samples {
            sample_round(&mut rounds);
            next_samples = Instant::now().ticks() + drain::sample_period_ticks();
        }
        let (sampling, next_look) =
            kernel::with(|kernel| (kernel.level != Level::Off, kernel.deadlocks.next_look()));
        let next_samples = sampling.then_some(next_samples);
        console::wait_for_work(next_samples.into_iter().chain(next_look).min());
    }
}

fn sample_round(rounds: &mut u32) {
    *rounds = (*rounds + 1) % sample::ROUNDS_PER_INTRODUCTION;
    if *rounds == 0 {
        sample::introduce();
        drain::text_samples();
    }
    sample::all();
    tell::layout(if *rounds == 0 { When::Now } else { When::Changed });
}

fn write_reports() {
    while let Some(report) = kernel::with(|kernel| kernel.reports.pop()) {
        println!("{report}");
        // It could not send its last sample itself.
        sample::stack(report.slot);
        kernel::with(|kernel| {
            kernel.threads[report.slot.index()].report_pending = false;
            thread::release_slot(kernel, report.slot);
        });
        if report.unit == wire::UnitId::MAIN.0 {
            println!("main has ended: no program can run until `reset`");
        }
    }
    leak::write_reports();
    deadlock::write_reports();
    races::write_reports();
    callback::write_reports();
    collect::write_reports();
    let lost = kernel::with(|kernel| core::mem::take(&mut kernel.reports.lost));
    if lost > 0 {
        println!("{lost} more threads ended while this was written");
    }
    refusal::write_reports();
    let (lines, bytes) = console::take_losses();
    if lines > 0 {
        println!("{lines} lines are lost: written in a handler, masked, or inside of another line");
    }
    if bytes > 0 {
        println!("{bytes} bytes of input are lost: typed faster than they were read");
    }
}

/// Takes one typed byte: echo, erase, or a whole line.
fn type_byte(line: &mut Line, byte: u8) {
    match byte {
        key if compat::interrupts(key) => thread::interrupt_main(),
        b'\r' | b'\n' if line.length > 0 => {
            show_typed(line);
            console::echo(b"\n", false);
            match line.too_long {
                true => println!("a line has at most {LINE_BYTES} bytes: nothing was done"),
                false => command(line),
            }
            *line = Line::EMPTY;
        }
        8 | 127 if line.length > 0 => {
            line.length -= 1;
            line.too_long &= line.length > 0;
            console::echo(b"\x08 \x08", true);
        }
        byte if byte >= b' ' && line.length == LINE_BYTES => line.too_long = true,
        byte if byte >= b' ' => {
            line.bytes[line.length] = byte;
            line.length += 1;
            if console::echo_is_open() {
                console::echo(&[byte], true);
            } else {
                show_typed(line);
            }
        }
        _ => {}
    }
}

/// Writes the line as typed so far, if other output has come between.
fn show_typed(line: &Line) {
    if !console::echo_is_open() {
        console::echo(b"> ", true);
        console::echo(&line.bytes[..line.length], true);
    }
}

fn command(line: &Line) {
    let text = line.as_str().trim();
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "help" => help(),
        "programs" => programs(),
        "run" => request(rest.trim()),
        "threads" => threads(),
        "mem" => memory::mem(rest.trim()),
        "map" => memory::map(rest.trim()),
        "threshold" => memory::threshold(rest.trim()),
        "gc" => gc(rest.trim()),
        "trace" => trace(rest.trim()),
        "telemetry" => telemetry(rest.trim()),
        "window" => window(),
        "waits" => deadlock::write_waits(),
        "timers" => timers(),
        "key" => kernel::with(|kernel| kernel.console.key = rest.trim().chars().next()),
        "strict" => strict(rest.trim()),
        "slices" => slices(rest.trim()),
        "import" => import(rest.trim()),
        "modules" => module::write_table(),
        "unload" => unload(rest.trim()),
        "del" => forget(rest.trim()),
        "reset" => {
            console::drain();
            port::reset(ResetNote::Command)
        }
        _ => println!("unknown command `{word}`: try `help`"),
    }
}

fn help() {
    println!("help                      this text");
    println!("programs                  what `run` can start");
    println!("run NAME [key=value ...]  start a program in the main thread");
    println!("threads                   every thread, its state and its stack");
    println!("waits                     who waits for what since when, and who has it");
    println!("timers                    every timer, what became of its ticks, and the callbacks");
    println!("mem                       the heap: figures, areas, owners");
    println!("gc [stat]                 give back what nobody can use; what it has done so far");
    println!("mem info [1]              MicroPython's mem_info; with 1 its map of blocks");
    println!("mem mark NAME             remember what each owner holds, by place of allocation");
    println!("mem diff NAME             what each owner holds more or less since then");
    println!("map [BYTES]               whose each stretch of the heap is, BYTES a letter");
    println!(
        "threshold [BYTES]         collect before an allocation, each so many bytes; -1: never"
    );
    println!("import NAME               load a module, and those that it needs");
    println!("modules                   every module, what it has, and what keeps it");
    println!("unload NAME               take a module out of the table, or say what keeps it");
    println!("del NAME                  drop the console's name for a module");
    println!("slices SEED|off           draw the lengths of time slices by this seed");
    println!("window                    start a measuring window: window peaks begin anew");
    println!("trace off|samples|events|all   how much telemetry the ring gets");
    println!("telemetry off|text|frames      the way out: the ring only, text lines, or frames");
    println!("key X                     press the key X, for programs that look for one");
    println!("strict on|off             MicroPython's habits, or what the documents promise");
    println!("reset                     restart the device");
}

fn slices(rest: &str) {
    match (rest, rest.parse()) {
        ("off", _) => kernel::with(|kernel| slices::set_seed(kernel, None)),
        (_, Ok(seed)) => kernel::with(|kernel| slices::set_seed(kernel, Some(seed))),
        (_, Err(_)) => println!("slices takes a seed, or off"),
    }
}

fn programs() {
    let programs = kernel::with(|kernel| kernel.mailbox.programs);
    for program in programs {
        println!("{:<18} {}", program.name, program.summary);
    }
}

fn request(rest: &str) {
    let (name, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    let programs = kernel::with(|kernel| kernel.mailbox.programs);
    let Some(index) = programs.iter().position(|program| program.name == name) else {
        return println!("no program `{name}`: try `programs`");
    };
    if kernel::with(|kernel| kernel.threads[Slot::MAIN.index()].end.is_some()) {
        return println!("main has ended: `reset` first");
    }
    let mut line = Line::EMPTY;
    line.length = arguments.len();
    line.bytes[..line.length].copy_from_slice(arguments.as_bytes());
    let accepted = kernel::then_reschedule(|kernel| {
        if kernel.mailbox.running || kernel.mailbox.request.is_some() {
            return false;
        }
        kernel.mailbox.request = Some((index, line));
        let kernel::Kernel { sched, mailbox, .. } = kernel;
        let _ = sched.wake_first(&mut mailbox.waiter, Wake::Granted);
        true
    });
    if !accepted {
        println!("a program runs already: wait for its end, or `reset`");
    }
}

/// One row of `threads`, copied out of the kernel.
struct Row {
    unit: u32,
    name: &'static str,
    priority: u8,
    state: State,
    end: Option<thread::End>,
    stack: port::StackRange,
    suspended: Option<deadlock::SuspendedBy>,
}

fn threads() {
    let at = port::now();
    println!("unit name             prio state            stack peak/size");
    for index in 0..THREADS_MAX as u8 {
        let slot = crate::sched::Slot(index);
        let row = kernel::with(|kernel| {
            let state = kernel.sched.state(slot);
            let suspended = deadlock::suspended_by(kernel, slot, at);
            let thread = &kernel.threads[slot.index()];
            (state != State::Free).then_some(Row {
                unit: thread.unit,
                name: thread.name,
                priority: kernel.sched.priority(slot),
                state,
                end: thread.end,
                stack: thread.stack,
                suspended,
            })
        });
        if let Some(row) = row {
            println!("{row}");
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4} {:<16} {:>4} ", self.unit, self.name, self.priority)?;
        let state = match (self.state, self.end) {
            (_, Some(end)) => end_name(end),
            (State::Ready, _) => "ready",
            (State::Running, _) => "running",
            (State::Suspended, _) => "suspended",
            (State::Blocked(Why::Sleep), _) => "sleeps",
            (State::Blocked(Why::Lock), _) => "waits: lock",
            (State::Blocked(Why::Join), _) => "waits: join",
            (State::Blocked(Why::Console | Why::KernelLock), _) => "waits: console",
            (State::Blocked(Why::Mutex), _) => "waits: mutex",
            (State::Blocked(Why::Object), _) => "waits: object",
            (State::Blocked(Why::Nothing), _) => "waits",
            (State::Ended | State::Free, None) => "ended",
        };
        write!(f, "{state:<16} {:>5}/{} B", sample::peak_of(self.stack), self.stack.bytes)?;
        match &self.suspended {
            Some(suspended) => write!(f, "  {suspended}"),
            None => Ok(()),
        }
    }
}

fn end_name(end: thread::End) -> &'static str {
    match end {
        thread::End::Returned => "returned",
        thread::End::Exited => "exited",
        thread::End::Failed(_) => "failed",
        thread::End::Panicked => "panicked",
        thread::End::Overflowed => "overflowed",
        thread::End::Faulted => "faulted",
        thread::End::Refused => "refused to exit",
    }
}

fn gc(word: &str) {
    match word {
        "" => match collect::collect_for(CollectWhy::Console) {
            Ok(collected) => collect::write(&collected),
            Err(error) => println!("gc: {error}"),
        },
        "stat" => collect::write_statistics(),
        _ => println!("gc takes nothing, or stat"),
    }
}

fn trace(word: &str) {
    let level = match word {
        "off" => Level::Off,
        "samples" => Level::Samples,
        "events" => Level::Events,
        "all" => Level::All,
        _ => return println!("trace takes off, samples, events or all"),
    };
    kernel::with(|kernel| kernel.set_level(level));
    sample::hello();
}

fn telemetry(word: &str) {
    let way = match word {
        "off" => WayOut::Ring,
        "text" => WayOut::Text,
        "frames" => WayOut::Frames,
        _ => return println!("telemetry takes off, text or frames"),
    };
    if let Err(error) = drain::set(way) {
        println!("telemetry: {error}");
    }
}

fn timers() {
    timer::write_table();
    callback::write_line();
}

fn strict(word: &str) {
    let strictness = match word {
        "on" => Strictness::MicroPython,
        "off" => Strictness::Seed,
        _ => return println!("strict takes on or off"),
    };
    compat::set(strictness);
    println!("strict {word}");
}

/// Apart, as the next two: what they need of the stack must not be below everything else.
#[inline(never)]
fn import(name: &str) {
    let was_there = module::is_loaded(name);
    match module::import_for_console(name) {
        Ok(()) if was_there => println!("{name}: is there already"),
        Ok(()) => module::write_imported(name),
        Err(refused) => println!("{refused}"),
    }
}

#[inline(never)]
fn unload(name: &str) {
    match module::unload(name) {
        Some(unloaded) => module::write_unloaded(name, &unloaded),
        None => println!("no module `{name}` is loaded: try `modules`"),
    }
}

#[inline(never)]
fn forget(name: &str) {
    match module::forget(name) {
        true => module::write_forgotten(name),
        false => println!("the console has no name `{name}`: try `modules`"),
    }
}

fn window() {
    let before = kernel::with(|kernel| kernel.window);
    let window = wire::WindowId(before + 1);
    command::give(&wire::OpenWindow { window });
    println!("window {window}");
}
