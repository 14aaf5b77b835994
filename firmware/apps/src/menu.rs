//! The menu of seed 000: a timer looks every 100 ms whether the button is pressed, and the program
//! waits meanwhile without looking itself.
//!
//! The button of `diagram.json` pulls pin 9 to ground. On a board without pins, and at any terminal,
//! `key A` stands for it.

use ramscope_kernel::pins::{self, Level};
use ramscope_kernel::sync::Semaphore;
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Span, console, println};

/// The pin of the button.
const BUTTON: u8 = 9;
const KEY: char = 'A';

static PRESSED: Semaphore = Semaphore::named("pressed", 0, 1);

struct Menu {
    timer: Option<Timer>,
}

impl Menu {
    /// Starts the menu with a timer, unless it has been started.
    fn start(&mut self) -> Result<(), Error> {
        if self.timer.is_none() {
            println!("Press A to select program");
            let timer = Timer::new(1)?;
            timer.init(Config::periodic().period(100).callback(check))?;
            self.timer = Some(timer);
        }
        Ok(())
    }
}

/// Looks at the button; the timer has done its work when it is pressed.
fn check(timer: &Timer) -> Result<(), Error> {
    let is_pressed = pins::level(BUTTON) == Some(Level::Low) || console::take_key() == Some(KEY);
    if is_pressed {
        timer.deinit();
        PRESSED.release()?;
    }
    Ok(())
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let seconds = u64::from(arguments.number("seconds", 5));
    let mut menu = Menu { timer: None };
    menu.start()?;
    // A menu that runs is not started again.
    menu.start()?;
    match PRESSED.acquire_for(Span::from_seconds(seconds)) {
        Ok(()) => println!("menu: program A is selected"),
        Err(Error::TimedOut) => println!("menu: nobody pressed the button"),
        Err(error) => return Err(error),
    }
    if let Some(timer) = menu.timer {
        timer.deinit();
        let counts = timer.counts();
        let lost = counts.fired - counts.delivered;
        println!("menu: {lost} ticks lost");
    }
    Ok(())
}
