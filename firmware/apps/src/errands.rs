//! Each module is imported, does the job that it is there for, and is unloaded: what was linked on the
//! host and loaded on the device computes the same as where it was compiled.

use ramscope_kernel::module::{self, Module, Unloaded};
use ramscope_kernel::{Arguments, Error, Instant, mem, println};

/// Clock, data, data/command and chip-select of a display, its panel, and how it is held.
const SCREEN: [u8; 6] = [10, 0, 1, 18, 0, 0];
/// Trigger and echo of a distance sensor, and 20 C in tenths of a degree.
const EYE: [u8; 4] = [2, 3, 200, 0];
/// `hcsr04` answers so when no sensor does.
const NO_SENSOR: isize = -202;

const SETTINGS: &str = "[drive]\nspeed = 50\n";
const BLOCK_BYTES: usize = 4096;
/// The media of `flashbdev`.
const FLASH: usize = 0;
const MEMORY: usize = 1;

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let before = mem::used_bytes();
    let done = all(arguments.text("module"));
    // What was imported on the way has nobody who needs it any more.
    for (name, _) in ERRANDS {
        unload(name);
    }
    module::release_unpinned();
    println!("errands: {} B stayed", mem::used_bytes().saturating_sub(before));
    done
}

fn all(only: Option<&str>) -> Result<(), Error> {
    for (name, errand) in ERRANDS {
        if only.is_none_or(|only| only == name) {
            let module = module::import(name)?;
            errand(&module)?;
            drop(module);
            unload(name);
        }
    }
    Ok(())
}

type Errand = fn(&Module) -> Result<(), Error>;

const ERRANDS: [(&str, Errand); 5] = [
    ("sysfont", draw),
    ("ini_parser", set),
    ("flashbdev", keep),
    ("ST7735", show),
    ("hcsr04", measure),
];

fn unload(name: &str) {
    if let Some(Unloaded::Gone(released)) = module::unload(name) {
        println!("errands: {name} gave {} B back", released.bytes);
    }
}

/// A word as a picture.
fn draw(sysfont: &Module) -> Result<(), Error> {
    const WIDTH: usize = 30;
    let mut bitmap = [0; WIDTH];
    let input = [&[0, 1, WIDTH as u8, 0, 8, 0, 0, 0, 0, 0], "Héllo".as_bytes()];
    let mut request = [0; 16];
    let request = joined(&input, &mut request);
    sysfont.call_bytes("render", request, &mut bitmap)?;
    for row in 0..8 {
        let letter = |bits: u8| if bits >> row & 1 != 0 { b'#' } else { b'.' };
        let line = bitmap.map(letter);
        println!("errands: {}", core::str::from_utf8(&line).unwrap_or(""));
    }
    Ok(())
}

/// A value of a file is changed and read.
fn set(ini_parser: &Module) -> Result<(), Error> {
    let mut request = [0; 64];
    let mut file = [0; 64];
    let parts = [&[5, 5, 2, 0], &b"drivespeed75"[..], SETTINGS.as_bytes()];
    let length = ini_parser.call_bytes("set", joined(&parts, &mut request), &mut file)?;
    let file = file.get(..length.max(0).unsigned_abs()).unwrap_or(&[]);
    let mut request = [0; 64];
    let mut value = [0; 8];
    let request = joined(&[&[5, 5], &b"drivespeed"[..], file], &mut request);
    let length = ini_parser.call_bytes("get", request, &mut value)?;
    let value = value.get(..length.max(0).unsigned_abs()).unwrap_or(&[]);
    println!("errands: speed = {}", core::str::from_utf8(value).unwrap_or(""));
    let mut problem = [0; 64];
    let line = ini_parser.call_bytes("check", b"[drive]\nspeed", &mut problem)?;
    println!("errands: line {line} of another file is refused");
    Ok(())
}

/// A block is written twice, so the second time it is erased first: of the board's flash, or of memory
/// where there is none.
fn keep(flashbdev: &Module) -> Result<(), Error> {
    let mut request = mem::Box::new([0; BLOCK_BYTES + 4])?;
    if flashbdev.call_numbers("mount", [2, FLASH, 0, 0])? < 0 {
        println!("errands: the board has no flash for data, so blocks of memory are used");
        flashbdev.call_numbers("mount", [2, MEMORY, 0, 0])?;
    }
    for content in [0x0F, 0xF0] {
        request.fill(content);
        if let Some(number) = request.first_chunk_mut() {
            *number = 1_u32.to_le_bytes();
        }
        flashbdev.call_bytes("writeblocks", &request[..], &mut [])?;
    }
    let mut back = [0; 16];
    flashbdev.call_bytes("readblocks", &[1, 0, 0, 0, 0, 4, 0, 0], &mut back)?;
    let is_patched = patch(flashbdev)?;
    let mut wear = [0; 12];
    flashbdev.call_bytes("wear", &[], &mut wear)?;
    let is_kept = back == [0xF0; 16] && is_patched;
    let kept = if is_kept { "reads back" } else { "is damaged" };
    println!("errands: block 1 {kept}, erased {} time", wear[0]);
    flashbdev.call_numbers("unmount", [0; 4])?;
    Ok(())
}

/// Bits that only become zero need no erasure, wherever they are: over the end of a page, and not in whole
/// words. Says whether these changed and no others.
fn patch(flashbdev: &Module) -> Result<bool, Error> {
    let (offset, around) = (1021_u32.to_le_bytes(), 1019_u32.to_le_bytes());
    let mut request = [0; 15];
    // The highest bit of the block's number says that nothing is erased.
    let request = joined(&[&[1, 0, 0, 0x80], &offset, &[0x50; 7]], &mut request);
    let written = flashbdev.call_bytes("writeblocks", request, &mut [])?;
    let mut request = [0; 8];
    let mut back = [0; 12];
    let request = joined(&[&[1, 0, 0, 0], &around], &mut request);
    flashbdev.call_bytes("readblocks", request, &mut back)?;
    let expected = [0xF0, 0xF0, 0x50, 0x50, 0x50, 0x50, 0x50, 0x50, 0x50, 0xF0, 0xF0, 0xF0];
    Ok(written == 0 && back == expected)
}

/// What is drawn on a display: which function of the module does it, and what it takes.
const DRAWING: [(&str, &[u8]); 4] = [
    // Left, top, width, height, colour: a dark blue field.
    ("fill", &[4, 0, 4, 0, 120, 0, 44, 0, 0x0A, 0x00]),
    // From, to, colour: a yellow line below it.
    ("line", &[4, 0, 60, 0, 123, 0, 90, 0, 0xE0, 0xFF]),
    // Centre, radius, colour: a red disc at the edge, of which a half is seen.
    ("disc", &[64, 0, 159, 0, 40, 0, 0x00, 0xF8]),
    // Place, ink, paper, scale: white letters of twice the size.
    ("text", b"\x0a\0\x0c\0\xff\xff\x0a\0\x02H\xc3\xa9llo"),
];

/// A picture goes over the wire of a display, if the board has pins.
fn show(display: &Module) -> Result<(), Error> {
    let began = Instant::now();
    if display.call_bytes("begin", &SCREEN, &mut [])? != 0 {
        println!("errands: the board has no pins for a display");
        return Ok(());
    }
    let mut end = 0;
    for (export, arguments) in DRAWING {
        let mut request = [0; 32];
        end = display.call_bytes(export, joined(&[&SCREEN, arguments], &mut request), &mut [])?;
    }
    let millis = (Instant::now() - began).as_millis();
    println!("errands: the next letter begins in column {end}, after {millis} ms");
    Ok(())
}

/// Three distances, one after the other.
fn measure(hcsr04: &Module) -> Result<(), Error> {
    let mut kept = [0; 16];
    for _ in 0..3 {
        match hcsr04.call_bytes("measure", &EYE, &mut kept)? {
            NO_SENSOR => println!("errands: no sensor answers"),
            fault if fault < 0 => println!("errands: the sensor's fault {fault}"),
            millimetres => println!("errands: {millimetres} mm, to within {}", kept[8]),
        }
    }
    Ok(())
}

/// Slices one after the other, as far as there is room.
fn joined<'a>(parts: &[&[u8]], room: &'a mut [u8]) -> &'a [u8] {
    let mut filled = 0;
    for byte in parts.iter().copied().flatten() {
        if let Some(place) = room.get_mut(filled) {
            *place = *byte;
            filled += 1;
        }
    }
    room.get(..filled).unwrap_or(&[])
}
