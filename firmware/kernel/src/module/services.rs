//! The functions that the kernel provides to modules.
#![expect(unsafe_code, reason = "pointers and lengths of C")]

use crate::heap::{BadPointer, Resized};
use crate::kernel;
use crate::lock::Lock;
use crate::port;
use crate::thread::{self, Builder, sleep};
use crate::time::{Instant, Span};
use crate::timer::{Config, Timer};
use crate::{println, teardown};
use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_module_abi::ExportKind;
use ramscope_module_abi::calls::{COUNT, Entry, NAMES, Table};

use super::pins;
use super::source;
use super::table::{Serial, TIMERS_MAX, Ticking};

/// All of them.
pub(super) static TABLE: Table = Table {
    ramscope_allocate: allocate,
    ramscope_free: free,
    ramscope_resize: resize,
    ramscope_print: print,
    ramscope_now_us: now_us,
    ramscope_sleep_us: sleep_us,
    ramscope_pin_read: pin_read,
    ramscope_pin_write: pin_write,
    ramscope_storage_bytes: storage_bytes,
    ramscope_storage_read: storage_read,
    ramscope_timer_start: timer_start,
    ramscope_timer_stop: timer_stop,
    ramscope_thread_start: thread_start,
    ramscope_find: find,
    ramscope_lock: lock,
    ramscope_unlock: unlock,
    ramscope_panic: panic,
    ramscope_flash_bytes: flash_bytes,
    ramscope_flash_read: flash_read,
    ramscope_flash_write: flash_write,
    ramscope_flash_erase: flash_erase,
    ramscope_shift_out: shift_out,
};

/// The address of a function by its name.
pub(super) fn address(name: &str) -> Option<u32> {
    let addresses: [usize; COUNT] = TABLE.addresses();
    let at = NAMES.iter().position(|known| *known == name)?;
    Some(addresses[at] as u32)
}

/// # Safety
/// `bytes` bytes lie at `at`, valid until the caller returns.
unsafe fn text<'a>(at: *const u8, bytes: usize) -> &'a str {
    // SAFETY: as promised by the caller.
    let bytes = unsafe { core::slice::from_raw_parts(at, bytes) };
    core::str::from_utf8(bytes).unwrap_or("(no text)")
}

extern "C" fn allocate(owner: u32, bytes: usize, align: usize) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(bytes, align) else {
        return core::ptr::null_mut();
    };
    let block = kernel::with(|kernel| {
        let known = kernel.modules.get(Serial(owner)).is_some();
        known.then(|| kernel.allocate_for_module(Serial(owner), layout).ok()).flatten()
    });
    block.map_or(core::ptr::null_mut(), NonNull::as_ptr)
}

extern "C" fn free(owner: u32, block: *mut u8) {
    let Some(block) = NonNull::new(block) else { return };
    kernel::with(|kernel| {
        let before = kernel.module_bytes(Serial(owner));
        // SAFETY: the module's allocator gives back what it got from here. A refusal is noted.
        match unsafe { kernel.free(block) } {
            Ok(_) | Err(BadPointer::Quarantined) => kernel.book_module(Serial(owner), before),
            Err(_) => {}
        }
    });
}

extern "C" fn resize(
    owner: u32,
    block: *mut u8,
    old_bytes: usize,
    align: usize,
    bytes: usize,
) -> *mut u8 {
    let Some(old) = NonNull::new(block) else { return allocate(owner, bytes, align) };
    let Ok(layout) = Layout::from_size_align(bytes, align) else { return core::ptr::null_mut() };
    let in_place = kernel::with(|kernel| {
        let before = kernel.module_bytes(Serial(owner));
        // SAFETY: the module's allocator owns the block, and needs no more of it than `bytes`.
        let resized = unsafe { kernel.resize(old, layout, ramscope_wire::SiteId::NONE) };
        kernel.book_module(Serial(owner), before);
        let was_asked = core::mem::take(&mut kernel.collector.failure_was_asked);
        match resized {
            Ok(Resized::InPlace { .. }) => Some(block),
            // What was to fail does so, and does not go elsewhere instead.
            _ if was_asked => Some(core::ptr::null_mut()),
            _ => None,
        }
    });
    if let Some(answer) = in_place {
        return answer;
    }
    let new = allocate(owner, bytes, align);
    if !new.is_null() {
        // SAFETY: both blocks have as many bytes, and are two.
        unsafe { new.copy_from_nonoverlapping(block, old_bytes.min(bytes)) };
        free(owner, block);
    }
    new
}

extern "C" fn print(line: *const u8, bytes: usize) {
    // SAFETY: invariant 2 of the boundary.
    let line = unsafe { text(line, bytes) };
    println!("{line}");
}

extern "C" fn now_us() -> u64 {
    Instant::now().ticks() / (u64::from(port::TICKS_PER_SECOND) / 1_000_000)
}

extern "C" fn sleep_us(micros: u64) -> i32 {
    let micros = u32::try_from(micros).unwrap_or(u32::MAX);
    match sleep(Span::from_micros(micros.into())) {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

extern "C" fn pin_read(pin: u32) -> i32 {
    let level = u8::try_from(pin).ok().and_then(port::pin);
    level.map_or(-1, i32::from)
}

extern "C" fn pin_write(pin: u32, level: u32) -> i32 {
    match u8::try_from(pin).is_ok_and(|pin| port::set_pin(pin, level != 0)) {
        true => 0,
        false => -1,
    }
}

extern "C" fn storage_bytes() -> u32 {
    source::storage().map_or(0, |storage| storage.bytes().len() as u32)
}

extern "C" fn storage_read(at: u32, into: *mut u8, bytes: usize) -> i32 {
    let Some(storage) = source::storage() else { return -1 };
    let at = at as usize;
    let found = at.checked_add(bytes).and_then(|end| storage.bytes().get(at..end));
    let Some(found) = found else { return -1 };
    // SAFETY: invariant 2 of the boundary.
    unsafe { into.copy_from_nonoverlapping(found.as_ptr(), found.len()) };
    0
}

/// Whether the data's flash has `bytes` bytes from `at` on.
fn is_in_flash(at: u32, bytes: usize) -> bool {
    let end = u32::try_from(bytes).ok().and_then(|bytes| at.checked_add(bytes));
    end.is_some_and(|end| end <= port::flash_bytes())
}

const fn code_of(done: bool) -> i32 {
    if done { 0 } else { -1 }
}

extern "C" fn flash_bytes() -> u32 {
    port::flash_bytes()
}

extern "C" fn flash_read(at: u32, into: *mut u8, bytes: usize) -> i32 {
    thread::check_headroom();
    // SAFETY: invariant 2 of the boundary.
    let into = unsafe { core::slice::from_raw_parts_mut(into, bytes) };
    code_of(is_in_flash(at, bytes) && port::flash_read(at, into))
}

extern "C" fn flash_write(at: u32, from: *const u8, bytes: usize) -> i32 {
    thread::check_headroom();
    // SAFETY: invariant 2 of the boundary.
    let from = unsafe { core::slice::from_raw_parts(from, bytes) };
    code_of(is_in_flash(at, bytes) && port::flash_write(at, from))
}

extern "C" fn flash_erase(at: u32) -> i32 {
    let is_sector = at.is_multiple_of(port::FLASH_SECTOR_BYTES)
        && is_in_flash(at, port::FLASH_SECTOR_BYTES as usize);
    thread::check_headroom();
    code_of(is_sector && port::flash_erase(at))
}

extern "C" fn shift_out(clock: u32, data: u32, from: *const u8, bytes: usize) -> i32 {
    let pins = (u8::try_from(clock), u8::try_from(data));
    let (Ok(clock), Ok(data)) = pins else { return -1 };
    // SAFETY: invariant 2 of the boundary.
    let from = unsafe { core::slice::from_raw_parts(from, bytes) };
    code_of(port::shift_out(clock, data, from))
}

extern "C" fn timer_start(
    owner: u32,
    period_us: u32,
    repeats: u32,
    entry: Entry,
    word: usize,
) -> i32 {
    let of = Serial(owner);
    let name = kernel::with(|kernel| Some(kernel.modules.get(of)?.name));
    let Some(name) = name else { return -1 };
    let Ok(timer) = Timer::named(name) else { return -1 };
    let config = if repeats == 0 { Config::one_shot() } else { Config::periodic() };
    let config = config.tick_hz(1_000_000).period(period_us).callback(move |_| {
        // What it answers is the module's own affair.
        let _ = entry(word);
    });
    if timer.init(config).is_err() {
        return -1;
    }
    let mut ticking = Some(Ticking { of, timer });
    let place = kernel::with(|kernel| {
        let place = kernel.modules.timers.iter().position(Option::is_none)?;
        kernel.modules.timers[place] = ticking.take();
        Some(place)
    });
    if let Some(Ticking { timer, .. }) = ticking {
        timer.deinit();
    }
    place.map_or(-1, |place| place as i32)
}

extern "C" fn timer_stop(owner: u32, timer: i32) {
    let Some(place) = usize::try_from(timer).ok().filter(|place| *place < TIMERS_MAX) else {
        return;
    };
    let ticking = kernel::with(|kernel| {
        kernel.modules.timers[place].take_if(|ticking| ticking.of == Serial(owner))
    });
    if let Some(Ticking { timer, .. }) = ticking {
        timer.deinit();
    }
}

extern "C" fn thread_start(owner: u32, stack_bytes: usize, entry: Entry, word: usize) -> i32 {
    let of = Serial(owner);
    let name = kernel::with(|kernel| Some(kernel.modules.get(of)?.name));
    let Some(name) = name else { return -1 };
    let body = move || {
        // What it answers is the module's own affair.
        let _ = entry(word);
    };
    let Ok(thread) = Builder::new(name).stack_bytes(stack_bytes).spawn(body) else { return -1 };
    let unit = thread.id();
    if !kernel::with(|kernel| pins::enter(kernel, of, unit)) {
        // More threads than can be kept in mind: it is asked to end, and counts as the caller's.
        thread.request_exit();
        return -1;
    }
    unit as i32
}

extern "C" fn find(
    owner: u32,
    module: *const u8,
    module_bytes: usize,
    export: *const u8,
    export_bytes: usize,
    kind: u32,
) -> usize {
    // SAFETY: invariant 2 of the boundary.
    let module = unsafe { text(module, module_bytes) };
    // SAFETY: as above.
    let export = unsafe { text(export, export_bytes) };
    let found = kernel::with(|kernel| {
        let needs = kernel.modules.get(Serial(owner))?.needs;
        let mut entries = kernel.modules.entries();
        let (_, entry) =
            entries.find(|(at, entry)| needs >> at & 1 == 1 && entry.name == module)?;
        entry.export(export, ExportKind(kind))
    });
    found.map_or(0, |call| (call as *const ()).expose_provenance())
}

/// The lock of a module. Its code calls, which keeps the entry that the lock lies in.
fn lock_of(owner: u32) -> Option<&'static Lock> {
    kernel::with(|kernel| {
        let entry = kernel.modules.get(Serial(owner))?;
        // SAFETY: the entry is never moved, and lives while code of the module runs.
        Some(unsafe { core::ptr::from_ref(&entry.lock).as_ref_unchecked() })
    })
}

extern "C" fn lock(owner: u32) -> i32 {
    let Some(lock) = lock_of(owner).filter(|lock| !lock.is_held_by_caller()) else { return -1 };
    loop {
        match lock.acquire() {
            Ok(()) => return 0,
            // Whoever was torn down in there left what it left: the module is told nothing of it.
            Err(crate::Error::Poisoned) => lock.clear_poison(),
            Err(_) => return -1,
        }
    }
}

extern "C" fn unlock(owner: u32) {
    if let Some(lock) = lock_of(owner).filter(|lock| lock.is_held_by_caller()) {
        // It is held, so that is no error.
        let _ = lock.release();
    }
}

extern "C" fn panic(
    _owner: u32,
    message: *const u8,
    message_bytes: usize,
    file: *const u8,
    file_bytes: usize,
    line: u32,
) -> ! {
    // SAFETY: invariant 2 of the boundary.
    let message = unsafe { text(message, message_bytes) };
    // SAFETY: as above.
    let file = unsafe { text(file, file_bytes) };
    teardown::panic_note(format_args!("{message}"), Some((file, line)));
    // SAFETY: nothing unwinds out of a module, and its frames are never used again.
    unsafe { teardown::panic_end() }
}
