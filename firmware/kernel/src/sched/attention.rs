//! What a section of the kernel looks at besides its own work: one word.
//!
//! The problem: at the end of every kernel call a dozen things could be due: another unit, a slice, a
//! callback, a look for deadlocks, another alarm. Hardly ever is one of them, and to ask them all
//! costs more than most calls.
//!
//! The idea: whoever makes something due sets its bit here; whoever has done it clears the bit. The
//! calls test the word, once, and leave the rest to a function that is not on their way.

/// See the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention(u32);

impl Attention {
    /// Nothing is due.
    pub const NOTHING: Attention = Attention(0);
    /// The running slot waits, has ended, or is not the most urgent any more.
    pub const SWITCH: Attention = Attention(1 << 0);
    /// An equal of the running slot is ready and no slice is counted, or a slice may be over.
    pub const SLICE: Attention = Attention(1 << 1);
    /// The slice of the running slot was ended, whatever is left of it.
    pub const TURN: Attention = Attention(1 << 2);
    /// The alarm stands at a later instant than the earliest deadline.
    pub const ALARM: Attention = Attention(1 << 3);
    /// Whether anything is left that could end a wait may have changed.
    pub const LOOK: Attention = Attention(1 << 4);
    /// A callback waits, and none runs.
    pub const CALLBACK: Attention = Attention(1 << 5);
    /// What is looked at where a section ends.
    pub const AT_END: Attention = Attention(0x3F);
    /// What is looked at before a turn is given to an equal: all that makes another one run.
    pub const BEFORE_TURN: Attention = Attention(0x3F & !(1 << 1));
    /// What is looked at where it decides and nothing else may be due.
    pub const BEFORE_QUICK_DECISION: Attention = Attention(0x3E).and(Attention::ALL);
    /// What is looked at when it has decided.
    pub const AFTER_DECISION: Attention = Attention::ALARM.and(Attention::ALL);
    /// What is looked at there before the scheduler decides.
    pub const BEFORE_DECISION: Attention = Attention(0x30);

    /// Some thread is to be told something: that it was interrupted, or is asked to end.
    pub const TOLD: Attention = Attention(1 << 6);
    /// The telemetry's level lets events through.
    pub const EVENTS: Attention = Attention(1 << 7);
    /// The telemetry's level lets everything through.
    pub const ALL: Attention = Attention(1 << 8);
    /// Hand-overs between units are followed, to find races.
    pub const RACES: Attention = Attention(1 << 9);
    /// A chain of owners of mutexes is not settled to its end.
    pub const UNSETTLED: Attention = Attention(1 << 11);
    /// A handler runs.
    pub const HANDLER: Attention = Attention(1 << 10);

    /// Whether one of `these` is due.
    #[inline(always)]
    #[must_use]
    pub const fn any(self, these: Attention) -> bool {
        self.0 & these.0 != 0
    }

    /// Whether nothing is due: what most calls find.
    #[inline(always)]
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Both.
    #[inline(always)]
    #[must_use]
    pub const fn and(self, these: Attention) -> Attention {
        Attention(self.0 | these.0)
    }

    /// These are due.
    #[inline(always)]
    pub const fn raise(&mut self, these: Attention) {
        self.0 |= these.0;
    }

    /// These are done.
    #[inline(always)]
    pub const fn lower(&mut self, these: Attention) {
        self.0 &= !these.0;
    }

    /// These are due or not.
    #[inline]
    pub const fn set(&mut self, these: Attention, due: bool) {
        if due { self.raise(these) } else { self.lower(these) }
    }
}
