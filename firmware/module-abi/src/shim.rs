//! The module's own allocator and panic handler, which ask the kernel.
#![expect(unsafe_code, reason = "implements the global allocator")]

use crate::calls;
use crate::describe::ModuleId;
use core::alloc::{GlobalAlloc, Layout};

/// The module's global allocator: each block is booked on the module.
#[derive(Debug)]
pub struct Shim {
    module: &'static ModuleId,
}

impl Shim {
    /// Of this module.
    #[must_use]
    pub const fn of(module: &'static ModuleId) -> Self {
        Self { module }
    }
}

// SAFETY: the kernel's heap keeps what the trait asks for.
unsafe impl GlobalAlloc for Shim {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        calls::ramscope_allocate(self.module.get(), layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        calls::ramscope_free(self.module.get(), block);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let (old, align) = (layout.size(), layout.align());
        calls::ramscope_resize(self.module.get(), block, old, align, bytes)
    }
}

/// Ends the running thread. Only constant messages are told: a module need not carry the code that
/// formats others.
#[cfg(target_os = "none")]
pub fn panic(module: &ModuleId, info: &core::panic::PanicInfo<'_>) -> ! {
    let message = info.message().as_str().unwrap_or("a panic with a message of its own");
    let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
    calls::ramscope_panic(
        module.get(),
        message.as_ptr(),
        message.len(),
        file.as_ptr(),
        file.len(),
        line,
    )
}
