//! What programs call, by name.
//!
//! | name | takes | answer |
//! |---|---|---|
//! | `wire` | input: 14 bytes, see [`Wiring::read`] | 0; wakes the screen if there is one |
//! | `write` | input: colour u16, text | 0; a line on the screen and the console |
//! | `order` | input: text; output: what the robot says, in lines | bytes that it said |
//! | `configure` | input: an INI file | settings that were out of bounds |
//! | `start` | milliseconds of a tick | 0; a timer of the module carries the robot, and keeps it loaded |
//! | `stop` | | 0; robot and timer stand |
//!
//! A negative answer is that of [`errno`].

use ramscope_module_abi as abi;
use ramscope_module_abi::packed::{Pack, Unpack, errno};
use ramscope_module_abi::{ExportKind, Guarded, Status, Ticking};

use crate::body::Body as _;
use crate::hardware::{Hardware, Nerves, Wiring, print};
use crate::program::read_number;
use crate::robot::Robot;
use crate::terminal::Color;

/// A tick is so long, at least and at most, in milliseconds.
const TICK_MS: core::ops::RangeInclusive<usize> = 10..=1000;
/// The longest value of a setting.
const VALUE_BYTES: usize = 12;

/// All that the module remembers.
struct State {
    robot: Robot,
    nerves: Nerves,
    timer: Option<Ticking>,
    ticked_at_us: u64,
}

impl State {
    const fn new() -> Self {
        Self {
            robot: Robot::new(),
            nerves: Nerves::new(Wiring::BUTTON),
            timer: None,
            ticked_at_us: 0,
        }
    }
}

static STATE: Guarded<State> = Guarded::new(State::new());

/// Greets.
pub(crate) fn init() -> Result<(), Status> {
    guarded(|state| {
        // A module that is linked statically begins more than once.
        #[cfg(not(target_os = "none"))]
        {
            *state = State::new();
        }
        let mut body = Hardware { nerves: &mut state.nerves, reply: None };
        state.robot.begin(&mut body);
        0
    });
    Ok(())
}

/// Stands still; the kernel has stopped the timer or is about to.
pub(crate) fn deinit() {
    stop([0; 4]);
}

/// Says which pin is what.
pub(crate) fn wire(input: &[u8], _: &mut [u8]) -> isize {
    let Some(wiring) = Wiring::read(input) else { return -errno::EINVAL };
    guarded(|state| {
        state.nerves = Nerves::new(wiring);
        Hardware { nerves: &mut state.nerves, reply: None }.begin();
        0
    })
}

/// Writes a line.
pub(crate) fn write(input: &[u8], _: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let Some(color) = unpack.u16() else { return -errno::EINVAL };
    let Some(text) = unpack.rest_text() else { return -errno::EINVAL };
    guarded(|state| {
        let mut body = Hardware { nerves: &mut state.nerves, reply: None };
        state.robot.write(text, Color(color), &mut body);
        0
    })
}

/// Does what a text says.
pub(crate) fn order(input: &[u8], output: &mut [u8]) -> isize {
    let Ok(text) = core::str::from_utf8(input) else { return -errno::EINVAL };
    let mut reply = Pack::into(output);
    let done = guarded(|state| {
        let mut body = Hardware { nerves: &mut state.nerves, reply: Some(&mut reply) };
        if state.robot.order(text, &mut body) { 0 } else { -errno::EINVAL }
    });
    match done {
        0 => reply.filled().cast_signed(),
        error => error,
    }
}

/// Takes settings from a file, which `ini_parser` reads.
pub(crate) fn configure(input: &[u8], _: &mut [u8]) -> isize {
    let id = crate::ramscope_module::id();
    let find = |export| abi::find(id, "ini_parser", export, ExportKind::BYTES);
    let (Some(check), Some(get)) = (find("check"), find("get")) else { return -errno::ENODEV };
    let mut problem = [0; 96];
    if abi::call_bytes(check, input, &mut problem) != 0 {
        let end = problem.iter().position(|byte| *byte == 0).unwrap_or(problem.len());
        let problem = problem.get(..end).and_then(|text| core::str::from_utf8(text).ok());
        print("bot: settings: #", problem.unwrap_or("cannot be read"));
        return -errno::EINVAL;
    }
    let value = |section: &str, key: &str| -> Option<i32> {
        let mut request = [0; 1024];
        let mut pack = Pack::into(&mut request);
        pack.u8(section.len() as u8)?;
        pack.u8(key.len() as u8)?;
        pack.bytes(section.as_bytes())?;
        pack.bytes(key.as_bytes())?;
        pack.bytes(input)?;
        let filled = pack.filled();
        let mut value = [0; VALUE_BYTES];
        let bytes = abi::call_bytes(get, request.get(..filled)?, &mut value);
        let value = value.get(..usize::try_from(bytes).ok()?)?;
        read_number(core::str::from_utf8(value).ok()?)
    };
    guarded(|state| {
        let mut body = Hardware { nerves: &mut state.nerves, reply: None };
        state.robot.configure(value, &mut body).cast_signed()
    })
}

/// Lets a timer carry the robot.
pub(crate) fn start([millis, ..]: [usize; 4]) -> isize {
    if !TICK_MS.contains(&millis) {
        return -errno::EINVAL;
    }
    guarded(|state| {
        if state.timer.is_some() {
            return 0;
        }
        state.ticked_at_us = abi::now_us();
        let id = crate::ramscope_module::id();
        state.timer = abi::start_timer(id, millis as u32 * 1000, tick, 0);
        if state.timer.is_some() { 0 } else { -errno::ENOMEM }
    })
}

/// Stops the robot and its timer.
pub(crate) fn stop(_: [usize; 4]) -> isize {
    guarded(|state| {
        if let Some(timer) = state.timer.take() {
            abi::stop_timer(crate::ramscope_module::id(), timer);
        }
        let mut body = Hardware { nerves: &mut state.nerves, reply: None };
        state.robot.stop(&mut body);
        body.wheels(crate::drive::Wheels::default());
        0
    })
}

extern "C" fn tick(_: usize) -> i32 {
    guarded(|state| {
        let now = abi::now_us();
        let millis = now.saturating_sub(state.ticked_at_us).min(1_000_000) as u32 / 1000;
        state.ticked_at_us = now;
        let mut body = Hardware { nerves: &mut state.nerves, reply: None };
        state.robot.tick(millis, &mut body);
        0
    }) as i32
}

fn guarded(work: impl FnOnce(&mut State) -> isize) -> isize {
    STATE.with(crate::ramscope_module::id(), work).unwrap_or(-errno::EIO)
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test, because the module has one robot.
    #[test]
    fn a_robot_without_a_board_still_listens() {
        assert_eq!(init(), Ok(()));
        let mut said = [0; 64];
        assert_eq!(order(b"language de", &mut said), 20);
        assert_eq!(&said[..20], b"Hallo, ich bin Bot.\n");
        assert_eq!(order(b"jump", &mut said), -errno::EINVAL);
        assert_eq!(write(&[0xFF, 0xFF, b'h', b'i'], &mut []), 0);
        assert_eq!(write(&[0xFF], &mut []), -errno::EINVAL);
        assert_eq!(wire(&[9; 14], &mut []), 0);
        assert_eq!(wire(&[9; 13], &mut []), -errno::EINVAL);
        assert_eq!(start([5, 0, 0, 0]), -errno::EINVAL);
        assert_eq!(start([100, 0, 0, 0]), -errno::ENOMEM, "without a kernel there is no timer");
        assert_eq!(configure(b"[drive]\n", &mut []), -errno::ENODEV);
        assert_eq!(tick(0), 0);
        deinit();
    }
}
