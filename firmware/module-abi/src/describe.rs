//! How a module describes itself.
#![expect(unsafe_code, reason = "pointers that a loader fills in or follows")]

use core::cell::UnsafeCell;

/// What the words below are, for both sides; see the crate's invariant 3.
pub const ABI_VERSION: AbiVersion = AbiVersion::new(1, 1);

/// A version of the boundary, in the place where the first one had a number only: so 1 is 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct AbiVersion(pub u16);

impl AbiVersion {
    /// `major.minor`: the minor one counts functions that were appended, the major one everything else.
    #[must_use]
    pub const fn new(major: u8, minor: u8) -> Self {
        Self((minor as u16) << 8 | major as u16)
    }

    const fn parts(self) -> (u8, u8) {
        (self.0 as u8, (self.0 >> 8) as u8)
    }

    /// Whether a kernel of this version can load a module that was compiled for `wanted`.
    #[must_use]
    pub const fn serves(self, wanted: Self) -> bool {
        let ((major, minor), (wanted_major, wanted_minor)) = (self.parts(), wanted.parts());
        major == wanted_major && minor >= wanted_minor
    }
}

impl core::fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (major, minor) = self.parts();
        write!(f, "{major}.{minor}")
    }
}

/// The first word of an [`Info`]: "RMod" in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"RMod");

/// A function that a module exports, as C sees it.
pub type Raw4 = unsafe extern "C" fn(usize, usize, usize, usize) -> isize;

/// A text in a module's constants: UTF-8, not ended by a zero.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Text {
    /// Its first byte.
    pub address: *const u8,
    /// How many there are.
    pub bytes: usize,
}

// SAFETY: names constants, which nobody writes.
unsafe impl Sync for Text {}

impl Text {
    /// This text.
    #[must_use]
    pub const fn of(text: &'static str) -> Self {
        Self { address: text.as_ptr(), bytes: text.len() }
    }
}

/// A version. A module fits a dependency on the same `major` and on no later `minor` and `patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Version {
    /// Changes when what it exports is no longer what others were built for.
    pub major: u16,
    /// Changes when it exports more.
    pub minor: u16,
    /// Changes otherwise.
    pub patch: u16,
}

impl Version {
    /// `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Whether this version serves who asks for `wanted`.
    #[must_use]
    pub fn serves(self, wanted: Self) -> bool {
        self.major == wanted.major && self >= wanted
    }
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Another module that this one needs. It is imported first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Dependency {
    /// Its name.
    pub name: Text,
    /// The least version that serves.
    pub at_least: Version,
}

/// What an exported function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct ExportKind(pub u32);

impl ExportKind {
    /// Four numbers.
    pub const NUMBERS: Self = Self(0);
    /// Bytes to read, and room for bytes to write.
    pub const BYTES: Self = Self(1);
}

/// A function that programs and other modules may call by its name.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Export {
    /// The name.
    pub name: Text,
    /// What it takes.
    pub kind: ExportKind,
    /// The function.
    pub call: Raw4,
}

impl Export {
    /// A function that reads bytes and writes bytes.
    #[must_use]
    pub const fn of_bytes(name: &'static str, call: Raw4) -> Self {
        Self { name: Text::of(name), kind: ExportKind::BYTES, call }
    }

    /// A function of four numbers.
    #[must_use]
    pub const fn of_numbers(name: &'static str, call: Raw4) -> Self {
        Self { name: Text::of(name), kind: ExportKind::NUMBERS, call }
    }
}

/// The number under which the kernel keeps a module's books; 0 until it is loaded.
#[derive(Debug)]
#[repr(transparent)]
pub struct ModuleId(UnsafeCell<u32>);

// SAFETY: the kernel writes it once, before anything of the module runs.
unsafe impl Sync for ModuleId {}

impl ModuleId {
    /// No number yet.
    #[must_use]
    pub const fn unset() -> Self {
        Self(UnsafeCell::new(0))
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u32 {
        // SAFETY: written before anything of the module runs. Volatile, because a compiler that sees
        // the whole module sees nobody who writes it.
        unsafe { self.0.get().read_volatile() }
    }

    /// Where the kernel writes it.
    #[must_use]
    pub const fn place(&self) -> *mut u32 {
        self.0.get()
    }
}

/// What the symbol `ramscope_module_info` names.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Info {
    /// [`MAGIC`].
    pub magic: u32,
    /// [`ABI_VERSION`] as the module was compiled for.
    pub abi_version: AbiVersion,
    /// The module's own version.
    pub version: Version,
    /// Its name.
    pub name: Text,
    /// The modules that it needs.
    pub dependencies: *const Dependency,
    /// How many.
    pub dependency_count: usize,
    /// What others may call.
    pub exports: *const Export,
    /// How many.
    pub export_count: usize,
    /// Where the kernel writes the module's number.
    pub id: *mut u32,
}

// SAFETY: names constants, and a word that the kernel writes once.
unsafe impl Sync for Info {}

impl Info {
    /// Of a module with this name and these tables.
    #[must_use]
    pub const fn new(
        name: &'static str,
        version: Version,
        dependencies: &'static [Dependency],
        exports: &'static [Export],
        id: &'static ModuleId,
    ) -> Self {
        Self {
            magic: MAGIC,
            abi_version: ABI_VERSION,
            version,
            name: Text::of(name),
            dependencies: dependencies.as_ptr(),
            dependency_count: dependencies.len(),
            exports: exports.as_ptr(),
            export_count: exports.len(),
            id: id.place(),
        }
    }
}

/// A module that is linked statically: the host port's.
#[derive(Clone, Copy)]
pub struct Linked {
    /// What describes it.
    pub info: &'static Info,
    /// Begins it; 0 if it did begin.
    pub init: extern "C" fn() -> i32,
    /// Ends it.
    pub deinit: extern "C" fn(),
}

/// Parts of slices, as they cross the boundary.
#[derive(Debug)]
pub struct Raw;

impl Raw {
    /// The two slices of a `bytes` function.
    ///
    /// # Safety
    /// `a`, `b` and `c`, `d` are address and length of memory that is valid for the call, the second
    /// one for writing and for nobody else.
    #[must_use]
    pub unsafe fn slices<'a>(a: usize, b: usize, c: usize, d: usize) -> (&'a [u8], &'a mut [u8]) {
        let from = core::ptr::with_exposed_provenance::<u8>(a);
        let into = core::ptr::with_exposed_provenance_mut::<u8>(c);
        // SAFETY: as promised by the caller.
        let input = unsafe { core::slice::from_raw_parts(from, b) };
        // SAFETY: as promised by the caller.
        let output = unsafe { core::slice::from_raw_parts_mut(into, d) };
        (input, output)
    }

    /// The four words of a `bytes` call.
    #[must_use]
    pub fn words(input: &[u8], output: &mut [u8]) -> [usize; 4] {
        let from = input.as_ptr().expose_provenance();
        let into = output.as_mut_ptr().expose_provenance();
        [from, input.len(), into, output.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_serves_modules_of_its_major_version_that_are_no_newer() {
        let kernel = AbiVersion::new(1, 1);
        assert!(kernel.serves(AbiVersion(1)), "the first one said 1");
        assert!(kernel.serves(kernel));
        assert!(!kernel.serves(AbiVersion::new(1, 2)) && !kernel.serves(AbiVersion::new(2, 0)));
        assert!(!AbiVersion::new(2, 5).serves(AbiVersion(1)));
    }
}
