//! A text is put into a block of the board's flash, through the module `flashbdev`, and is there after a reset:
//! `run store text=hello`, `reset`, `run store`.

use ramscope_kernel::module::{self, Module};
use ramscope_kernel::{Arguments, Error, mem, println};

const BLOCK_BYTES: usize = 4096;
/// What a block begins with that has a text.
const MARK: [u8; 4] = *b"text";
/// Behind the mark stands how many bytes the text has.
const HEADER_BYTES: usize = MARK.len() + 1;
const TEXT_BYTES_MAX: usize = 40;
/// `ioctl` of a block device: how many blocks it has.
const BLOCK_COUNT: usize = 4;

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let block = arguments.number("block", 3);
    let flashbdev = module::import("flashbdev")?;
    let done = match flashbdev.call_numbers("mount", [0; 4])? {
        0 => keep_or_tell(&flashbdev, block, arguments.text("text")),
        problem => {
            println!("store: the board has no flash for data ({problem})");
            Ok(())
        }
    };
    flashbdev.call_numbers("unmount", [0; 4])?;
    drop(flashbdev);
    module::unload("flashbdev");
    done
}

fn keep_or_tell(flashbdev: &Module, block: u32, text: Option<&str>) -> Result<(), Error> {
    let blocks = flashbdev.call_numbers("ioctl", [BLOCK_COUNT, 0, 0, 0])?;
    println!("store: {blocks} blocks of {BLOCK_BYTES} B");
    if let Some(text) = text {
        keep(flashbdev, block, text)?;
    }
    tell(flashbdev, block)
}

/// Writes a block that begins with the text.
fn keep(flashbdev: &Module, block: u32, text: &str) -> Result<(), Error> {
    let text = text.get(..text.len().min(TEXT_BYTES_MAX)).unwrap_or("");
    let mut request = mem::Box::new([0; 4 + BLOCK_BYTES])?;
    let (number, content) = request.split_at_mut(4);
    number.copy_from_slice(&block.to_le_bytes());
    let (header, rest) = content.split_at_mut(HEADER_BYTES);
    header[..MARK.len()].copy_from_slice(&MARK);
    header[MARK.len()] = text.len() as u8;
    rest[..text.len()].copy_from_slice(text.as_bytes());
    match flashbdev.call_bytes("writeblocks", &request[..], &mut [])? {
        0 => println!("store: block {block} is written"),
        problem => println!("store: block {block} is not written ({problem})"),
    }
    Ok(())
}

/// Reads a block, and says what it has.
fn tell(flashbdev: &Module, block: u32) -> Result<(), Error> {
    let mut request = [0; 8];
    request[..4].copy_from_slice(&block.to_le_bytes());
    let mut back = [0; HEADER_BYTES + TEXT_BYTES_MAX];
    let problem = flashbdev.call_bytes("readblocks", &request, &mut back)?;
    let (header, rest) = back.split_at(HEADER_BYTES);
    let text = rest.get(..usize::from(header[MARK.len()]));
    let text = text.and_then(|text| core::str::from_utf8(text).ok());
    match text.filter(|_| header.starts_with(&MARK)) {
        Some(text) => println!("store: block {block} has \"{text}\""),
        None if problem < 0 => println!("store: block {block} is not read ({problem})"),
        None => println!("store: block {block} has no text"),
    }
    Ok(())
}
