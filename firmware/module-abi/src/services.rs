//! What a module's code calls: the kernel's functions in Rust's terms.
#![expect(unsafe_code, reason = "calls functions of other modules by their address")]

use crate::calls;
use crate::describe::{ExportKind, ModuleId, Raw, Raw4};

/// Why a module did not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No memory.
    OutOfMemory,
    /// The board lacks what it needs.
    NoDevice,
    /// Anything else, by a positive number of its own.
    Failed(u16),
}

impl Status {
    /// The number that crosses the boundary: 0 is success.
    #[must_use]
    pub fn code_of(result: Result<(), Self>) -> i32 {
        match result {
            Ok(()) => 0,
            Err(Self::OutOfMemory) => -1,
            Err(Self::NoDevice) => -2,
            Err(Self::Failed(code)) => i32::from(code.max(1)),
        }
    }
}

/// What a pin has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Near ground.
    Low,
    /// Near the supply.
    High,
}

/// The board has no such pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPin;

/// The storage does not reach so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageError;

/// The data's flash does not reach so far, the board has none, or the chip failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashError;

/// What a thread or a timer runs. The word is the module's own.
pub type Callback = calls::Entry;

/// A timer of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticking(i32);

/// Microseconds since boot.
#[must_use]
pub fn now_us() -> u64 {
    calls::ramscope_now_us()
}

/// Lets others run for so long. `false` if the thread is asked to end: return soon then.
#[must_use]
pub fn sleep_us(micros: u64) -> bool {
    calls::ramscope_sleep_us(micros) >= 0
}

/// Keeps the processor for so long; for pulses of a few microseconds.
pub fn spin_us(micros: u32) {
    let end = now_us() + u64::from(micros);
    while now_us() < end {
        core::hint::spin_loop();
    }
}

/// The level of an input.
///
/// # Errors
/// [`NoPin`].
pub fn pin_read(pin: u8) -> Result<Level, NoPin> {
    match calls::ramscope_pin_read(u32::from(pin)) {
        0 => Ok(Level::Low),
        level if level > 0 => Ok(Level::High),
        _ => Err(NoPin),
    }
}

/// Drives an output.
///
/// # Errors
/// [`NoPin`].
pub fn pin_write(pin: u8, level: Level) -> Result<(), NoPin> {
    let level = u32::from(level == Level::High);
    if calls::ramscope_pin_write(u32::from(pin), level) < 0 { Err(NoPin) } else { Ok(()) }
}

/// Bytes of the image's read-only storage: the file system with the modules.
#[must_use]
pub fn storage_bytes() -> u32 {
    calls::ramscope_storage_bytes()
}

/// Copies from the storage.
///
/// # Errors
/// [`StorageError`] if it does not reach so far.
pub fn storage_read(at: u32, into: &mut [u8]) -> Result<(), StorageError> {
    let code = calls::ramscope_storage_read(at, into.as_mut_ptr(), into.len());
    if code < 0 { Err(StorageError) } else { Ok(()) }
}

/// Bytes of flash that the board leaves to data; 0 if it leaves none. Its addresses begin at 0.
#[must_use]
pub fn flash_bytes() -> u32 {
    calls::ramscope_flash_bytes()
}

/// Copies from the data's flash.
///
/// # Errors
/// [`FlashError`].
pub fn flash_read(at: u32, into: &mut [u8]) -> Result<(), FlashError> {
    flash_result(calls::ramscope_flash_read(at, into.as_mut_ptr(), into.len()))
}

/// Clears the bits of the data's flash that are zero in `bytes`; the others stay as they are.
///
/// # Errors
/// [`FlashError`].
pub fn flash_write(at: u32, bytes: &[u8]) -> Result<(), FlashError> {
    flash_result(calls::ramscope_flash_write(at, bytes.as_ptr(), bytes.len()))
}

/// Sets all bits of the 4096 bytes from `at` on, a multiple of that. The chip may keep the processor
/// for tens of milliseconds.
///
/// # Errors
/// [`FlashError`].
pub fn flash_erase(at: u32) -> Result<(), FlashError> {
    flash_result(calls::ramscope_flash_erase(at))
}

const fn flash_result(code: i32) -> Result<(), FlashError> {
    if code < 0 { Err(FlashError) } else { Ok(()) }
}

/// Sends bytes over two outputs: a clock, and one that is taken at the clock's rising edges, the
/// highest bit first. The clock is low afterwards.
///
/// # Errors
/// [`NoPin`].
pub fn shift_out(clock: u8, data: u8, bytes: &[u8]) -> Result<(), NoPin> {
    let (clock, data) = (u32::from(clock), u32::from(data));
    let code = calls::ramscope_shift_out(clock, data, bytes.as_ptr(), bytes.len());
    if code < 0 { Err(NoPin) } else { Ok(()) }
}

/// Calls `entry` with `word` each `period_us` microseconds, until [`stop_timer`]; `None` if no timer is
/// left. `module` is `ramscope_module::id()`.
///
/// A timer that runs keeps the module loaded; `deinit` is where it is stopped.
#[must_use]
pub fn start_timer(
    module: &ModuleId,
    period_us: u32,
    entry: Callback,
    word: usize,
) -> Option<Ticking> {
    let timer = calls::ramscope_timer_start(module.get(), period_us, 1, entry, word);
    (timer >= 0).then_some(Ticking(timer))
}

/// Ends a timer.
pub fn stop_timer(module: &ModuleId, timer: Ticking) {
    calls::ramscope_timer_stop(module.get(), timer.0);
}

/// Starts a thread that runs `entry` with `word`; `None` if it cannot be started. A thread that runs
/// keeps the module loaded.
#[must_use]
pub fn start_thread(
    module: &ModuleId,
    stack_bytes: usize,
    entry: Callback,
    word: usize,
) -> Option<u32> {
    u32::try_from(calls::ramscope_thread_start(module.get(), stack_bytes, entry, word)).ok()
}

/// A function of a module that this one depends on.
#[derive(Clone, Copy)]
pub struct Found {
    call: Raw4,
}

/// Looks up a function of a module that this one depends on; `None` if there is none of that name and
/// kind.
#[must_use]
pub fn find(module: &ModuleId, dependency: &str, export: &str, kind: ExportKind) -> Option<Found> {
    let (of, name) = (dependency.as_bytes(), export.as_bytes());
    let address = calls::ramscope_find(
        module.get(),
        of.as_ptr(),
        of.len(),
        name.as_ptr(),
        name.len(),
        kind.0,
    );
    if address == 0 {
        return None;
    }
    let pointer = core::ptr::with_exposed_provenance::<()>(address);
    // SAFETY: the kernel answers addresses of exports only, all of which have this type.
    let call = unsafe { core::mem::transmute::<*const (), Raw4>(pointer) };
    Some(Found { call })
}

/// Calls a `bytes` function that [`find`] found with [`ExportKind::BYTES`].
#[must_use]
pub fn call_bytes(found: Found, input: &[u8], output: &mut [u8]) -> isize {
    let [a, b, c, d] = Raw::words(input, output);
    // SAFETY: the slices are valid for the call.
    unsafe { (found.call)(a, b, c, d) }
}

/// Calls a `numbers` function that [`find`] found with [`ExportKind::NUMBERS`].
#[must_use]
pub fn call_numbers(found: Found, [a, b, c, d]: [usize; 4]) -> isize {
    // SAFETY: numbers are always valid.
    unsafe { (found.call)(a, b, c, d) }
}
