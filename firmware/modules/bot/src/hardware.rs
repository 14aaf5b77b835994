//! The body that the module gives its robot: pins, and the modules that it depends on.

use ramscope_module_abi as abi;
use ramscope_module_abi::packed::{Pack, Unpack};
use ramscope_module_abi::{ExportKind, Found};

use crate::body::{Body, Button, Unseen};
use crate::drive::{Power, Wheels};
use crate::face::Box4;
use crate::line::{About, Line};
use crate::terminal::Color;

/// Bytes of a [`Wiring`].
pub const WIRING_BYTES: usize = 14;
/// No pin.
const NONE: u8 = 255;
/// The answer of `hcsr04` when nothing is in range (its module documentation, `FAULT_BASE`).
const NOTHING_IN_RANGE: isize = -203;
/// And when something is nearer than it can tell.
const TOO_NEAR: isize = -204;
const NEAREST_MM: u32 = 20;

/// Which pin is what; 255 is none.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    /// Pulls to ground while pressed.
    button: u8,
    trigger: u8,
    echo: u8,
    /// A buzzer with a tone of its own.
    buzzer: u8,
    /// Ahead and back of each motor's bridge.
    left: [u8; 2],
    right: [u8; 2],
    /// As `ST7735` wants it; the clock is none if there is no screen.
    screen: [u8; 6],
}

impl Wiring {
    /// Only the button of `diagram.json`, at pin 9.
    pub const BUTTON: Self = Self {
        button: 9,
        trigger: NONE,
        echo: NONE,
        buzzer: NONE,
        left: [NONE; 2],
        right: [NONE; 2],
        screen: [NONE; 6],
    };

    /// Reads 14 bytes: button, trigger, echo, buzzer, left ahead and back, right ahead and back, and six of
    /// the screen.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut unpack = Unpack::of(bytes);
        let [button, trigger, echo, buzzer] = array(&mut unpack)?;
        let (left, right, screen) = (array(&mut unpack)?, array(&mut unpack)?, array(&mut unpack)?);
        Some(Self { button, trigger, echo, buzzer, left, right, screen })
    }
}

fn array<const N: usize>(unpack: &mut Unpack<'_>) -> Option<[u8; N]> {
    unpack.bytes(N)?.try_into().ok()
}

/// What the body remembers from one tick to the next.
#[derive(Clone, Copy, Debug)]
pub struct Nerves {
    /// Which pin is what.
    pub wiring: Wiring,
    /// What `hcsr04` wants back at its next call.
    eye: [u8; 16],
    /// Power that was asked for and not yet given, in hundredths of a tick.
    owed: [i16; 2],
}

impl Nerves {
    /// Of a body with this wiring.
    #[must_use]
    pub const fn new(wiring: Wiring) -> Self {
        Self { wiring, eye: [0; 16], owed: [0; 2] }
    }

    /// How much of a tick a motor runs: all of it or nothing, so that many ticks come to its power.
    fn share(&mut self, side: usize, power: Power) -> i16 {
        let Some(owed) = self.owed.get_mut(side) else { return 0 };
        *owed += i16::from(power.0);
        let given = match *owed {
            50.. => 1,
            ..=-50 => -1,
            _ => 0,
        };
        *owed -= 100 * given;
        given
    }
}

/// Prints a line on the console.
pub(crate) fn print(sentence: &str, about: &str) {
    let line = Line::of(sentence, About::Name(about));
    abi::calls::ramscope_print(line.text().as_ptr(), line.text().len());
}

/// The body for one tick or order.
#[derive(Debug)]
pub struct Hardware<'a, 'b> {
    /// What it remembers.
    pub nerves: &'a mut Nerves,
    /// Who is told what is said; without it the console is.
    pub reply: Option<&'a mut Pack<'b>>,
}

impl Hardware<'_, '_> {
    fn call(module: &str, export: &str, input: &[u8], output: &mut [u8]) -> Option<isize> {
        let id = crate::ramscope_module::id();
        let found: Found = abi::find(id, module, export, ExportKind::BYTES)?;
        Some(abi::call_bytes(found, input, output))
    }

    fn motor([ahead, back]: [u8; 2], direction: i16) {
        let level = |is_on| if is_on { abi::Level::High } else { abi::Level::Low };
        for (pin, is_on) in [(ahead, direction > 0), (back, direction < 0)] {
            if pin != NONE {
                // A board without this pin has no motor there.
                let _ = abi::pin_write(pin, level(is_on));
            }
        }
    }

    /// Calls the display with its wiring and what `arguments` puts behind it.
    fn screen(&mut self, export: &str, arguments: impl FnOnce(&mut Pack<'_>) -> Option<()>) {
        let wiring = self.nerves.wiring.screen;
        if wiring[0] == NONE {
            return;
        }
        let mut input = [0; 128];
        let mut pack = Pack::into(&mut input);
        if pack.bytes(&wiring).and_then(|()| arguments(&mut pack)).is_some() {
            let filled = pack.filled();
            // A picture that is not drawn is missed by who looks at it.
            let _ = Self::call("ST7735", export, input.get(..filled).unwrap_or(&[]), &mut []);
        }
    }

    /// Wakes the display, if there is one.
    pub fn begin(&mut self) {
        self.screen("begin", |_| Some(()));
    }
}

impl Body for Hardware<'_, '_> {
    fn wheels(&mut self, wheels: Wheels) {
        let wiring = self.nerves.wiring;
        let (left, right) = (self.nerves.share(0, wheels.left), self.nerves.share(1, wheels.right));
        Self::motor(wiring.left, left);
        Self::motor(wiring.right, right);
    }

    fn look(&mut self, air_tenths: i32) -> Result<u32, Unseen> {
        let Wiring { trigger, echo, .. } = self.nerves.wiring;
        if trigger == NONE || echo == NONE {
            return Err(Unseen::Blind);
        }
        let [low, high] = (air_tenths as i16).to_le_bytes();
        let input = [trigger, echo, low, high];
        match Self::call("hcsr04", "measure", &input, &mut self.nerves.eye) {
            Some(TOO_NEAR) => Ok(NEAREST_MM),
            Some(NOTHING_IN_RANGE) => Err(Unseen::Nothing),
            Some(millimetres) => u32::try_from(millimetres).map_err(|_| Unseen::Blind),
            None => Err(Unseen::Blind),
        }
    }

    fn button(&mut self) -> Button {
        match abi::pin_read(self.nerves.wiring.button) {
            Ok(abi::Level::Low) => Button::Down,
            Ok(abi::Level::High) | Err(abi::NoPin) => Button::Up,
        }
    }

    fn tone(&mut self, hertz: u16, volume: u8) {
        let pin = self.nerves.wiring.buzzer;
        if pin != NONE {
            let is_on = hertz > 0 && volume > 0;
            let level = if is_on { abi::Level::High } else { abi::Level::Low };
            let _ = abi::pin_write(pin, level);
        }
    }

    fn fill(&mut self, (left, top, width, height): Box4, color: Color) {
        self.screen("fill", |pack| {
            pack.i16(left)?;
            pack.i16(top)?;
            pack.u16(width)?;
            pack.u16(height)?;
            pack.u16(color.0)
        });
    }

    fn write(&mut self, left: i16, top: i16, text: &str, ink: Color) {
        self.screen("text", |pack| {
            pack.i16(left)?;
            pack.i16(top)?;
            pack.u16(ink.0)?;
            pack.u16(Color::BLACK.0)?;
            pack.u8(1)?;
            pack.bytes(text.as_bytes())
        });
    }

    fn tell(&mut self, line: &str) {
        match &mut self.reply {
            // What does not fit into the caller's room is left out.
            Some(reply) => {
                let _ = reply.bytes(line.as_bytes()).and_then(|()| reply.bytes(b"\n"));
            }
            None => print("bot: #", line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_motor_gets_its_power_in_whole_ticks() {
        for power in [-100_i8, -35, 0, 1, 50, 99, 100] {
            let mut nerves = Nerves::new(Wiring::BUTTON);
            let given: i32 = (0..1000).map(|_| i32::from(nerves.share(0, Power(power)))).sum();
            assert_eq!(given, i32::from(power) * 10);
        }
    }

    #[test]
    fn a_wiring_has_fourteen_bytes() {
        let bytes: [u8; WIRING_BYTES] = core::array::from_fn(|at| at as u8);
        let wiring = Wiring::read(&bytes).unwrap();
        assert_eq!(
            (wiring.button, wiring.right, wiring.screen),
            (0, [6, 7], [8, 9, 10, 11, 12, 13])
        );
        assert!(Wiring::read(&bytes[1..]).is_none());
    }

    #[test]
    fn a_body_without_an_eye_is_blind() {
        let mut nerves = Nerves::new(Wiring::BUTTON);
        let mut body = Hardware { nerves: &mut nerves, reply: None };
        assert_eq!(body.look(200), Err(Unseen::Blind));
        assert_eq!(body.button(), Button::Up, "without a board nobody presses");
    }
}
