//! The numbers by which records refer to things: types, so that they cannot be exchanged.

use core::fmt;

/// A unit's serial number within a boot, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u32);

impl UnitId {
    /// The kernel itself, and the idle time.
    pub const KERNEL: Self = Self(0);
    /// The main thread.
    pub const MAIN: Self = Self(1);
}

/// A lock, timer, queue or other thing that a unit can wait for. Zero is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

impl ObjectId {
    /// No object.
    pub const NONE: Self = Self(0);
}

/// A place in the source, announced by a [`crate::Site`] record. Zero is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u16);

impl SiteId {
    /// No known place.
    pub const NONE: Self = Self(0);
}

/// A stretch of a run over which peaks are kept. Zero is the one that opens at boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowId(pub u32);

impl WindowId {
    /// The window that is open from the boot on.
    pub const BOOT: Self = Self(0);
}

/// A loaded module's serial number within a boot, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

macro_rules! display_as_number {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

display_as_number!(UnitId, ObjectId, SiteId, WindowId, ModuleId);
