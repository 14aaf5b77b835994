//! Who plays a script: a state machine without a clock, a device or memory of its own.
//!
//! Its state is a few words, all zero at the beginning, so it can lie in memory that a reset leaves
//! alone: a script goes on where it was when the device starts again.

use super::{Action, NO_LIMIT, Script, ScriptStep, UNLIMITED, WaitRule};

/// Ticks that a typed byte takes: ten bits at 115,200 baud.
const BYTE_TICKS: u64 = 868;

/// Where a script stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// A step is under way.
    Running,
    /// Every step is done.
    Done,
    /// A step took longer than it may.
    TimedOut,
}

/// Something that the player did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// The step of this number began to type.
    Typed {
        /// The step's number in the script, from 0.
        step: u32,
        /// When it began.
        tick: u64,
    },
}

/// The state of a script that is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Player {
    /// When the current step began.
    began: u64,
    /// When the next typed byte arrives.
    byte_at: u64,
    /// The offset of the current step behind the first.
    at: u32,
    /// The number of the current step.
    number: u32,
    /// The offset of the wait whose bytes are looked for, behind the first step.
    sought_at: u32,
    /// How many of its bytes the last ones sent spell.
    spelt: u32,
    /// Waits that found their bytes before they began.
    found: u32,
    /// The offset of the step whose bytes are typed, behind the first.
    typing_at: u32,
    /// How many of its bytes have been typed.
    typed: u32,
    /// Steps whose bytes are to be typed.
    to_type: u32,
    /// 1: a step took too long.
    timed_out: u32,
    reserved: u32,
}

impl Player {
    /// Does what was due before this tick.
    pub fn run_to(&mut self, script: Script<'_>, now: u64, tell: &mut impl FnMut(Played)) {
        while self.timed_out == 0
            && let Some(step) = self.current(script)
        {
            let ended = match step.action {
                Action::Type(bytes) => {
                    tell(Played::Typed { step: self.number, tick: self.began });
                    self.begin_typing(!bytes.is_empty());
                    Some(self.began)
                }
                Action::Delay(ticks) => {
                    self.delayed(self.began.saturating_add(ticks), now, script, &step)
                }
                Action::Wait(bytes) => self.waited(bytes, now, script, &step),
            };
            let Some(ended) = ended else { return };
            self.next(ended, step.next);
        }
    }

    /// Takes a byte that the device sent at this tick.
    pub fn sent(&mut self, script: Script<'_>, now: u64, byte: u8, tell: &mut impl FnMut(Played)) {
        self.run_to(script, now, tell);
        let step = self.current(script);
        let waits =
            self.found == 0 && matches!(step, Some(ScriptStep { action: Action::Wait(_), .. }));
        if script.rule() == WaitRule::AfterBegin {
            if !waits {
                return;
            }
            self.sought_at = self.at;
        }
        if self.seek(script, byte) {
            self.found += 1;
            if waits {
                self.found -= 1;
                let next = step.map_or(self.at, |step| step.next);
                self.next(now, next);
                self.run_to(script, now, tell);
            }
        }
    }

    /// The next byte that has been typed before this tick.
    pub fn take_typed(&mut self, script: Script<'_>, now: u64) -> Option<u8> {
        if self.to_type == 0 || self.byte_at >= now {
            return None;
        }
        let (at, step) = first_from(
            script,
            self.typing_at,
            |action| matches!(action, Action::Type(bytes) if !bytes.is_empty()),
        )?;
        let Action::Type(bytes) = step.action else { return None };
        let byte = *bytes.get(self.typed as usize)?;
        self.typing_at = at;
        self.typed += 1;
        self.byte_at = self.byte_at.saturating_add(BYTE_TICKS);
        if self.typed as usize == bytes.len() {
            self.typing_at = step.next - Script::FIRST;
            self.typed = 0;
            self.to_type -= 1;
        }
        Some(byte)
    }

    /// Bytes that were held up arrive one after the other from this tick on.
    pub fn hold_up(&mut self, now: u64) {
        self.byte_at = self.byte_at.max(now);
    }

    /// The tick after which there is something to do although the device sends nothing.
    #[must_use]
    pub fn due(&self, script: Script<'_>) -> u64 {
        let typed = if self.to_type > 0 { self.byte_at } else { NO_LIMIT };
        let Some(step) = self.current(script) else { return typed };
        let limit = self.limit(script, &step);
        let ends = match step.action {
            Action::Delay(ticks) => self.began.saturating_add(ticks).min(limit),
            Action::Wait(_) => limit,
            Action::Type(_) => self.began,
        };
        typed.min(ends)
    }

    /// Where the script stands.
    #[must_use]
    pub fn course(&self, script: Script<'_>) -> Course {
        if self.timed_out != 0 {
            return Course::TimedOut;
        }
        match self.current(script) {
            Some(_) => Course::Running,
            None => Course::Done,
        }
    }

    /// The number of the current step, from 0.
    #[must_use]
    pub const fn step(&self) -> u32 {
        self.number
    }

    fn current<'a>(&self, script: Script<'a>) -> Option<ScriptStep<'a>> {
        script.step(Script::FIRST + self.at)
    }

    fn next(&mut self, began: u64, next: u32) {
        self.began = began;
        self.at = next - Script::FIRST;
        self.number += 1;
        self.spelt = match self.sought_at < self.at {
            true => 0,
            false => self.spelt,
        };
        self.sought_at = self.sought_at.max(self.at);
    }

    /// The tick at which a step is given up.
    fn limit(&self, script: Script<'_>, step: &ScriptStep<'_>) -> u64 {
        match step.limit {
            UNLIMITED => NO_LIMIT,
            limit => self.began.saturating_add(limit).min(script.limit()),
        }
    }

    fn give_up(&mut self, limit: u64, now: u64) -> Option<u64> {
        self.timed_out = u32::from(limit < now);
        None
    }

    fn delayed(
        &mut self,
        done: u64,
        now: u64,
        script: Script<'_>,
        step: &ScriptStep<'_>,
    ) -> Option<u64> {
        let limit = self.limit(script, step);
        if done > limit {
            return self.give_up(limit, now);
        }
        // A delay of nothing lets nothing through, not even what comes at its instant.
        (done < now || done == self.began).then_some(done)
    }

    fn waited(
        &mut self,
        bytes: &[u8],
        now: u64,
        script: Script<'_>,
        step: &ScriptStep<'_>,
    ) -> Option<u64> {
        if bytes.is_empty() {
            return Some(self.began);
        }
        if self.found > 0 {
            self.found -= 1;
            return Some(self.began);
        }
        self.give_up(self.limit(script, step), now)
    }

    fn begin_typing(&mut self, has_bytes: bool) {
        if !has_bytes {
            return;
        }
        if self.to_type == 0 {
            self.byte_at = self.began.saturating_add(BYTE_TICKS);
        }
        self.to_type += 1;
    }

    /// Looks for the bytes of the sought wait; `true` if this byte completes them.
    fn seek(&mut self, script: Script<'_>, byte: u8) -> bool {
        let wait = first_from(
            script,
            self.sought_at,
            |action| matches!(action, Action::Wait(bytes) if !bytes.is_empty()),
        );
        let Some((at, ScriptStep { action: Action::Wait(pattern), next, .. })) = wait else {
            return false;
        };
        self.sought_at = at;
        self.spelt = spell(pattern, self.spelt as usize, byte) as u32;
        let complete = self.spelt as usize == pattern.len();
        if complete {
            self.spelt = 0;
            self.sought_at = next - Script::FIRST;
        }
        complete
    }
}

/// The first step from an offset on that is like this, with offsets behind the first step.
fn first_from<'a>(
    script: Script<'a>,
    mut at: u32,
    like: impl Fn(&Action<'_>) -> bool,
) -> Option<(u32, ScriptStep<'a>)> {
    loop {
        let step = script.step(Script::FIRST + at)?;
        if like(&step.action) {
            return Some((at, step));
        }
        at = step.next - Script::FIRST;
    }
}

/// How many bytes of `pattern` are spelt after one more byte, if `spelt` of them were before. Without
/// a table: patterns are short, and there is no memory for one.
fn spell(pattern: &[u8], spelt: usize, byte: u8) -> usize {
    if pattern[spelt] == byte {
        return spelt + 1;
    }
    // The longest beginning of the pattern that the last bytes end with.
    let fits = |length: &usize| {
        let kept = length - 1;
        pattern[kept] == byte && pattern[..kept] == pattern[spelt - kept..spelt]
    };
    (1..=spelt).rev().find(fits).unwrap_or(0)
}
