//! What a loadable module and the kernel know of each other, in C's terms.
//!
//! The problem: a module is compiled apart from the image that loads it, perhaps by another compiler.
//! A Rust type, a `&'static` or a vtable that crossed the boundary would tie both to one compiler
//! and one layout, and would outlive the module that it points into.
//!
//! The idea: everything that crosses is in this crate and `repr(C)`: a list of functions that the
//! kernel provides ([`calls`]), one symbol that describes the module ([`Info`]), one that begins it
//! and one that ends it, and a table of functions that others may call by name ([`Export`]). The
//! macro [`module!`] writes the symbols, a global allocator that asks the kernel, and the panic
//! handler. Safe Rust stands on both sides: a module's functions take slices and numbers.
//!
//! The same crate serves the host port, where modules are linked statically: there the calls go through
//! a table that the host port sets ([`calls::provide`]), and [`module!`] writes a [`Linked`] instead
//! of the symbols.
//!
//! Invariants:
//! 1. What crosses is a number, a pointer with a length, or a function of C's calling convention.
//! 2. A text or slice that crosses is valid until the call returns, unless it lies in the module's
//!    own constants, which are valid until it is unloaded.
//! 3. [`ABI_VERSION`] changes whenever anything here does that a loaded module could see: its minor part
//!    if functions are appended to the list, its major part otherwise.
#![no_std]

pub mod calls;
mod describe;
mod guarded;
pub mod packed;
mod services;
mod shim;
mod writing;

pub use describe::{
    ABI_VERSION, AbiVersion, Dependency, Export, ExportKind, Info, Linked, MAGIC, ModuleId, Raw,
    Raw4, Text, Version,
};
pub use guarded::Guarded;
pub use services::{
    Callback, FlashError, Found, Level, NoPin, Status, StorageError, Ticking, call_bytes,
    call_numbers, find, flash_bytes, flash_erase, flash_read, flash_write, now_us, pin_read,
    pin_write, shift_out, sleep_us, spin_us, start_thread, start_timer, stop_timer, storage_bytes,
    storage_read,
};
pub use shim::Shim;
#[cfg(target_os = "none")]
pub use shim::panic;
pub use writing::print_line;

/// Describes a module: its name, version, what it needs, what others may call, how it begins and ends.
///
/// `init` is a `fn() -> Result<(), Status>`, `deinit` a `fn()`. An export is `bytes`, a
/// `fn(&[u8], &mut [u8]) -> isize`, or `numbers`, a `fn([usize; 4]) -> isize`.
///
/// # Examples
/// ```ignore
/// ramscope_module_abi::module! {
///     name: "hello",
///     version: (1, 0, 0),
///     dependencies: [("sysfont", (1, 0, 0))],
///     exports: [bytes "greet" => greet, numbers "add" => add],
///     init: init,
///     deinit: deinit,
/// }
/// ```
#[macro_export]
macro_rules! module {
    (
        name: $name:literal,
        version: ($major:literal, $minor:literal, $patch:literal),
        dependencies: [$(($needs:literal, ($a:literal, $b:literal, $c:literal))),* $(,)?],
        exports: [$($kind:ident $export:literal => $function:path),* $(,)?],
        init: $init:path,
        deinit: $deinit:path $(,)?
    ) => {
        /// What stands at the module's boundary.
        #[allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks, reason = "C's terms")]
        #[allow(unused_imports, reason = "a module may have no exports")]
        pub mod ramscope_module {
            use super::*;

            static ID: $crate::ModuleId = $crate::ModuleId::unset();
            static DEPENDENCIES: &[$crate::Dependency] = &[$($crate::Dependency {
                name: $crate::Text::of($needs),
                at_least: $crate::Version::new($a, $b, $c),
            }),*];
            static EXPORTS: &[$crate::Export] = &[$($crate::module!(@export $kind $export $function)),*];

            /// What a loader reads first.
            #[cfg_attr(target_os = "none", unsafe(no_mangle))]
            #[allow(non_upper_case_globals, reason = "a symbol of C")]
            pub static ramscope_module_info: $crate::Info = $crate::Info::new(
                $name,
                $crate::Version::new($major, $minor, $patch),
                DEPENDENCIES,
                EXPORTS,
                &ID,
            );

            #[cfg_attr(target_os = "none", unsafe(no_mangle))]
            pub extern "C" fn ramscope_module_init() -> i32 {
                let result: Result<(), $crate::Status> = $init();
                $crate::Status::code_of(result)
            }

            #[cfg_attr(target_os = "none", unsafe(no_mangle))]
            pub extern "C" fn ramscope_module_deinit() {
                $deinit();
            }

            /// The module as the host port links it.
            pub static LINKED: $crate::Linked = $crate::Linked {
                info: &ramscope_module_info,
                init: ramscope_module_init,
                deinit: ramscope_module_deinit,
            };

            #[cfg(target_os = "none")]
            #[global_allocator]
            static ALLOCATOR: $crate::Shim = $crate::Shim::of(&ID);

            #[cfg(target_os = "none")]
            #[panic_handler]
            fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
                $crate::panic(&ID, info)
            }

            /// Who this module is, for the calls that are booked on it.
            pub(crate) fn id() -> &'static $crate::ModuleId {
                &ID
            }
        }
    };
    (@export bytes $export:literal $function:path) => {
        $crate::Export::of_bytes($export, {
            unsafe extern "C" fn call(a: usize, b: usize, c: usize, d: usize) -> isize {
                let function: fn(&[u8], &mut [u8]) -> isize = $function;
                // SAFETY: the kernel passes the parts of two slices that are valid for the call.
                let (input, output) = unsafe { $crate::Raw::slices(a, b, c, d) };
                function(input, output)
            }
            call
        })
    };
    (@export numbers $export:literal $function:path) => {
        $crate::Export::of_numbers($export, {
            unsafe extern "C" fn call(a: usize, b: usize, c: usize, d: usize) -> isize {
                let function: fn([usize; 4]) -> isize = $function;
                function([a, b, c, d])
            }
            call
        })
    };
}

/// Prints a line on the device's console. Takes what `format!` takes.
#[macro_export]
macro_rules! println {
    ($($argument:tt)*) => { $crate::print_line(core::format_args!($($argument)*)) };
}
