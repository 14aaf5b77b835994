//! A port for unit tests, which drive only what needs none.

use crate::Kernel;
use crate::port::{Context, Port, ResetNote, Seat, StackRange};
use core::ptr::NonNull;

struct Absent;

const NONE: &str = "unit tests drive only what needs no port";

#[expect(unsafe_code, reason = "the trait's signature")]
// SAFETY: nothing of it is ever called.
unsafe impl Port for Absent {
    fn kernel() -> NonNull<Kernel> {
        unreachable!("{NONE}")
    }
    fn hold() {
        unreachable!("{NONE}")
    }
    fn is_held() -> bool {
        unreachable!("{NONE}")
    }
    fn let_go(_: bool) {
        unreachable!("{NONE}")
    }
    fn let_go_masked() {
        unreachable!("{NONE}")
    }
    fn mask() -> bool {
        unreachable!("{NONE}")
    }
    fn unmask(_: bool) {
        unreachable!("{NONE}")
    }
    fn now() -> u64 {
        unreachable!("{NONE}")
    }
    fn timestamp() -> u32 {
        unreachable!("{NONE}")
    }
    fn set_alarm(_: Option<u64>) {
        unreachable!("{NONE}")
    }
    #[expect(unsafe_code, reason = "the trait's signature")]
    unsafe fn prepare(_: StackRange, _: extern "C" fn() -> !) -> Context {
        unreachable!("{NONE}")
    }
    #[expect(unsafe_code, reason = "the trait's signature")]
    unsafe fn switch(_: NonNull<Seat>, _: NonNull<Seat>) {
        unreachable!("{NONE}")
    }
    #[expect(unsafe_code, reason = "the trait's signature")]
    unsafe fn leave(_: extern "C" fn() -> !) -> ! {
        unreachable!("{NONE}")
    }
    #[expect(unsafe_code, reason = "the trait's signature")]
    unsafe fn resume(_: NonNull<Seat>) -> ! {
        unreachable!("{NONE}")
    }
    fn stack_pointer() -> Option<usize> {
        unreachable!("{NONE}")
    }
    fn has_stack(_: usize) -> bool {
        unreachable!("{NONE}")
    }
    fn stack_exhausted() -> ! {
        unreachable!("{NONE}")
    }
    fn idle() {
        unreachable!("{NONE}")
    }
    fn transmit(_: &[u8]) -> usize {
        unreachable!("{NONE}")
    }
    fn want_transmit(_: bool) {
        unreachable!("{NONE}")
    }
    fn transmit_now(_: &[u8]) {
        unreachable!("{NONE}")
    }
    fn raise(_: fn()) -> bool {
        unreachable!("{NONE}")
    }
    fn reset(_: ResetNote) -> ! {
        unreachable!("{NONE}")
    }
}

crate::port!(Absent);
