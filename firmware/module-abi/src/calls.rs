//! The functions that the kernel provides, by name: all that a module may import.
//!
//! On a chip they are symbols that the loader resolves. On the host they are a table that the host
//! port sets once; without it only [`print`](crate::println) and the clock answer something, so that
//! a module's own logic can be tested without a kernel.
#![expect(unsafe_code, reason = "declares what the loader resolves")]

/// What a thread or a timer of a module runs, with the word that it was given.
pub type Entry = extern "C" fn(usize) -> i32;

macro_rules! calls {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        /// One place for each function; the kernel fills it in.
        #[derive(Clone, Copy)]
        #[allow(missing_docs, reason = "each is described where it is called")]
        #[repr(C)]
        pub struct Table {
            $(pub $name: extern "C" fn($($type),*) -> $result,)*
        }

        /// How many functions there are.
        pub const COUNT: usize = [$(stringify!($name)),*].len();

        /// Their names, in the order of the [`Table`].
        pub const NAMES: [&str; COUNT] = [$(stringify!($name)),*];

        impl Table {
            /// The addresses of the functions, in the order of [`NAMES`].
            #[must_use]
            pub fn addresses(&self) -> [usize; COUNT] {
                [$((self.$name as *const ()).addr()),*]
            }
        }

        #[cfg(target_os = "none")]
        mod linked {
            use super::Entry;
            unsafe extern "C" {
                $(pub(super) safe fn $name($($argument: $type),*) -> $result;)*
            }
        }

        $(
            $(#[$meta])*
            #[cfg(target_os = "none")]
            #[inline(always)]
            pub fn $name($($argument: $type),*) -> $result {
                linked::$name($($argument),*)
            }

            $(#[$meta])*
            #[cfg(not(target_os = "none"))]
            pub fn $name($($argument: $type),*) -> $result {
                (hosted::table().$name)($($argument),*)
            }
        )*
    };
}

calls! {
    /// A block for the module `owner`; null if there is none.
    fn ramscope_allocate(owner: u32, bytes: usize, align: usize) -> *mut u8;
    /// Gives a block back.
    fn ramscope_free(owner: u32, block: *mut u8) -> ();
    /// Makes a block larger or smaller, perhaps elsewhere; null if there is no room, and the block is
    /// as it was.
    fn ramscope_resize(owner: u32, block: *mut u8, old_bytes: usize, align: usize, bytes: usize) -> *mut u8;
    /// Prints one line.
    fn ramscope_print(text: *const u8, bytes: usize) -> ();
    /// Microseconds since boot.
    fn ramscope_now_us() -> u64;
    /// Lets others run for so long; 0, or negative if the thread is asked to end.
    fn ramscope_sleep_us(micros: u64) -> i32;
    /// The level of an input, 0 or 1; negative if there is no such pin.
    fn ramscope_pin_read(pin: u32) -> i32;
    /// Drives an output to 0 or 1; negative if there is no such pin.
    fn ramscope_pin_write(pin: u32, level: u32) -> i32;
    /// Bytes of the image's read-only storage.
    fn ramscope_storage_bytes() -> u32;
    /// Copies from the storage; negative if it does not reach so far.
    fn ramscope_storage_read(at: u32, into: *mut u8, bytes: usize) -> i32;
    /// Calls `entry` with `word` after each period, or once if `repeats` is 0; a number that names the
    /// timer, negative if there is none left.
    fn ramscope_timer_start(owner: u32, period_us: u32, repeats: u32, entry: Entry, word: usize) -> i32;
    /// Ends a timer.
    fn ramscope_timer_stop(owner: u32, timer: i32) -> ();
    /// Starts a thread that runs `entry` with `word`; its number, negative if it cannot be started.
    fn ramscope_thread_start(owner: u32, stack_bytes: usize, entry: Entry, word: usize) -> i32;
    /// The address of a function of a module that `owner` depends on; 0 if it has none of that name
    /// and kind.
    fn ramscope_find(owner: u32, module: *const u8, module_bytes: usize, export: *const u8, export_bytes: usize, kind: u32) -> usize;
    /// Waits until no other thread is in a guarded part of the module `owner`, and keeps others out; 0, or
    /// negative if the thread is asked to end or is in one already.
    fn ramscope_lock(owner: u32) -> i32;
    /// Lets the next one in.
    fn ramscope_unlock(owner: u32) -> ();
    /// Ends the running thread, because the module's code cannot go on.
    fn ramscope_panic(owner: u32, message: *const u8, message_bytes: usize, file: *const u8, file_bytes: usize, line: u32) -> !;

    // Since 1.1.
    /// Bytes of flash that the board leaves to data; 0 if it leaves none.
    fn ramscope_flash_bytes() -> u32;
    /// Copies from the data's flash, whose first byte is 0; negative if it does not reach so far or fails.
    fn ramscope_flash_read(at: u32, into: *mut u8, bytes: usize) -> i32;
    /// Clears the bits of the data's flash that are zero in the bytes; negative as above.
    fn ramscope_flash_write(at: u32, from: *const u8, bytes: usize) -> i32;
    /// Sets all bits of the 4096 bytes from `at` on, a multiple of that; negative as above.
    fn ramscope_flash_erase(at: u32) -> i32;
    /// Sends bytes over two outputs, the highest bit first, each taken at the clock's rising edge, and leaves
    /// the clock low; negative if there is no such pin.
    fn ramscope_shift_out(clock: u32, data: u32, from: *const u8, bytes: usize) -> i32;
}

#[cfg(not(target_os = "none"))]
pub use hosted::provide;

/// The calls where modules are linked statically.
#[cfg(not(target_os = "none"))]
mod hosted {
    use super::{Entry, Table};
    use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

    static PROVIDED: AtomicPtr<Table> = AtomicPtr::new(core::ptr::null_mut());

    /// Names the kernel's functions. All kernels of a process have the same.
    pub fn provide(table: &'static Table) {
        PROVIDED.store(core::ptr::from_ref(table).cast_mut(), Ordering::Release);
    }

    pub(super) fn table() -> &'static Table {
        let provided = PROVIDED.load(Ordering::Acquire);
        // SAFETY: null, or what `provide` was given.
        unsafe { provided.as_ref() }.unwrap_or(&NOBODY)
    }

    const NO_KERNEL: &str = "a module's logic is tested without a kernel";

    extern "C" fn allocate(_: u32, _: usize, _: usize) -> *mut u8 {
        core::ptr::null_mut()
    }
    extern "C" fn free(_: u32, _: *mut u8) {}
    extern "C" fn resize(_: u32, _: *mut u8, _: usize, _: usize, _: usize) -> *mut u8 {
        core::ptr::null_mut()
    }
    extern "C" fn print(_: *const u8, _: usize) {}
    extern "C" fn now() -> u64 {
        0
    }
    extern "C" fn sleep(_: u64) -> i32 {
        0
    }
    extern "C" fn pin_read(_: u32) -> i32 {
        -1
    }
    extern "C" fn pin_write(_: u32, _: u32) -> i32 {
        -1
    }
    extern "C" fn storage_bytes() -> u32 {
        0
    }
    extern "C" fn storage_read(_: u32, _: *mut u8, _: usize) -> i32 {
        -1
    }
    extern "C" fn timer_start(_: u32, _: u32, _: u32, _: Entry, _: usize) -> i32 {
        -1
    }
    extern "C" fn timer_stop(_: u32, _: i32) {}
    extern "C" fn thread_start(_: u32, _: usize, _: Entry, _: usize) -> i32 {
        -1
    }
    extern "C" fn find(_: u32, _: *const u8, _: usize, _: *const u8, _: usize, _: u32) -> usize {
        0
    }
    // Without a kernel the threads are those of a test runner.
    static GUARDED: AtomicBool = AtomicBool::new(false);
    extern "C" fn lock(_: u32) -> i32 {
        while GUARDED.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        0
    }
    extern "C" fn unlock(_: u32) {
        GUARDED.store(false, Ordering::Release);
    }
    extern "C" fn flash_bytes() -> u32 {
        0
    }
    extern "C" fn flash_read(_: u32, _: *mut u8, _: usize) -> i32 {
        -1
    }
    extern "C" fn flash_write(_: u32, _: *const u8, _: usize) -> i32 {
        -1
    }
    extern "C" fn flash_erase(_: u32) -> i32 {
        -1
    }
    extern "C" fn shift_out(_: u32, _: u32, _: *const u8, _: usize) -> i32 {
        -1
    }
    extern "C" fn panic(_: u32, _: *const u8, _: usize, _: *const u8, _: usize, _: u32) -> ! {
        panic!("{NO_KERNEL}")
    }

    static NOBODY: Table = Table {
        ramscope_allocate: allocate,
        ramscope_free: free,
        ramscope_resize: resize,
        ramscope_print: print,
        ramscope_now_us: now,
        ramscope_sleep_us: sleep,
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
}
