//! `Shared<T>`: a word that units share without a lock, and that tells when they should not.
//!
//! Every load and store is a relaxed atomic one, so using it wrongly is a wrong number and never
//! undefined behaviour. Nothing else is atomic: `set(get() + 1)` loses updates as any variable
//! does. While the telemetry's level is `events` or `all`, uses of two units that nothing puts in
//! order (no lock, no queue, no join) are found, whether or not anything was lost this time, and
//! reported once for each cell with both places in the source.

use super::head::{Head, Masked};
use super::races::{self, Uses};
use crate::kernel::{self, Kernel};
use crate::site;
use crate::thread;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};
use ramscope_wire as wire;
use wire::{Access, Level, ObjectKind, SiteId};

/// What fits into the word of a [`Shared`].
pub trait Word: Copy {
    /// As a word.
    fn to_word(self) -> u32;
    /// From a word that [`to_word`](Self::to_word) made.
    fn from_word(word: u32) -> Self;
}

macro_rules! words {
    ($($type:ty),*) => {$(
        impl Word for $type {
            fn to_word(self) -> u32 {
                self as u32
            }
            fn from_word(word: u32) -> Self {
                word as $type
            }
        }
    )*};
}

words!(u8, u16, u32, i8, i16, i32);

impl Word for bool {
    fn to_word(self) -> u32 {
        u32::from(self)
    }
    fn from_word(word: u32) -> Self {
        word != 0
    }
}

impl Word for f32 {
    fn to_word(self) -> u32 {
        self.to_bits()
    }
    fn from_word(word: u32) -> Self {
        f32::from_bits(word)
    }
}

/// A shared word. See the module's text.
pub struct Shared<T> {
    word: AtomicU32,
    watched: Masked<Watched>,
    holds: PhantomData<T>,
}

struct Watched {
    head: Head,
    uses: Uses,
}

impl Shared<u32> {
    /// A cell of a `u32` with a name for reports, for `static`s.
    #[must_use]
    pub const fn of(name: &'static str, value: u32) -> Self {
        Self::from_raw(name, value)
    }
}

impl<T> Shared<T> {
    const fn from_raw(name: &'static str, word: u32) -> Self {
        let head = Head::new(ObjectKind::Shared, name);
        Self {
            word: AtomicU32::new(word),
            watched: Masked::new(Watched { head, uses: Uses::NONE }),
            holds: PhantomData,
        }
    }
}

impl<T: Word> Shared<T> {
    /// A cell with a name for reports.
    #[must_use]
    pub fn named(name: &'static str, value: T) -> Self {
        Self::from_raw(name, value.to_word())
    }

    /// The value.
    ///
    /// # Context
    /// Any.
    #[track_caller]
    #[must_use]
    pub fn get(&self) -> T {
        self.note(Access::Read);
        T::from_word(self.word.load(Ordering::Relaxed))
    }

    /// Another value.
    ///
    /// # Context
    /// Any.
    #[track_caller]
    pub fn set(&self, value: T) {
        self.note(Access::Write);
        self.word.store(value.to_word(), Ordering::Relaxed);
    }

    #[track_caller]
    fn note(&self, access: Access) {
        thread::check_headroom();
        if kernel::with(|kernel| kernel.level.code() < Level::Events.code()) {
            return;
        }
        let site = site::here();
        if kernel::may_block().is_ok() {
            races::watch();
        }
        kernel::with(|kernel| self.note_in(kernel, access, site));
    }

    fn note_in(&self, kernel: &mut Kernel, access: Access, site: SiteId) {
        let watched = self.watched.get(kernel);
        let object = watched.head.announce(kernel);
        let name = watched.head.text;
        races::used(kernel, &mut watched.uses, (object, name), access, site);
    }
}
