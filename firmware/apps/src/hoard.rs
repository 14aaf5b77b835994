//! Timers and what their callbacks allocate: `brief` gives back what it takes, `hoards` keeps some each time.
//! Each has an account of its own, so that `mem`, reports and budgets tell which one it is.

use ramscope_kernel::mem::{Arc, Box};
use ramscope_kernel::timer::{Config, Timer};
use ramscope_kernel::{Arguments, Error, Mutex, Span, println, thread};

/// Blocks that the hoarder can keep.
const BLOCKS_MAX: usize = 16;
/// Bytes of each.
const BYTES: usize = 120;

type Hoard = [Option<Box<[u8; BYTES]>>; BLOCKS_MAX];

fn keep(hoard: &Mutex<Hoard>) -> Result<(), Error> {
    let block = Box::new([0; BYTES])?;
    if let Some(place) = hoard.lock()?.iter_mut().find(|place| place.is_none()) {
        *place = Some(block);
    }
    Ok(())
}

fn start(brief: &Timer, hoards: &Timer, kept: Arc<Mutex<Hoard>>) -> Result<(), Error> {
    let every = || Config::periodic().period(10);
    brief.init(every().callback(|_: &Timer| Box::new([0_u8; 600]).map(drop)))?;
    hoards.init(every().callback(move |_: &Timer| keep(&kept)))
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let ticks = u64::from(arguments.number("ticks", 8));
    let hoard = Arc::new(Mutex::named("hoard", [const { None }; BLOCKS_MAX]))?;
    let theirs = hoard.clone();
    let (brief, hoards) = (Timer::named("brief")?, Timer::named("hoards")?);
    let fired = start(&brief, &hoards, theirs)
        .and_then(|()| thread::sleep(Span::from_millis(10 * ticks + 5)));
    brief.stop();
    hoards.stop();
    fired?;
    for (name, timer) in [("brief", &brief), ("hoards", &hoards)] {
        if let Some(held) = timer.held() {
            println!("{name} holds {} B, at most {} B", held.current, held.peak);
        }
    }
    // Long enough for samples.
    thread::sleep(Span::from_millis(300))
}
