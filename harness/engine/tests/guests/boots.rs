//! The same guest in every shape that a file can have.

use crate::app::App;
use crate::build::elf;
use crate::run::{lines_until, millis};
use object::LittleEndian as LE;
use object::elf::{FileHeader32, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use ramscope_engine::{Boot, Image, Machine, Options};

/// The app that espflash would make of an ELF file: its segments in the order of the flash.
fn app(elf: &[u8]) -> App {
    let header = FileHeader32::<LE>::parse(elf).unwrap();
    let mut segments: Vec<(u32, Vec<u8>)> = header
        .program_headers(LE, elf)
        .unwrap()
        .iter()
        .filter(|segment| segment.p_type(LE) == PT_LOAD && segment.p_filesz(LE) != 0)
        .map(|segment| (segment.p_paddr(LE), segment.data(LE, elf).unwrap().to_vec()))
        .collect();
    for (_, bytes) in &mut segments {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    segments.sort_by_key(|(address, _)| *address);
    App::new(header.e_entry(LE), segments)
}

#[test]
fn a_guest_prints_the_same_at_the_same_instants_from_elf_app_and_flash() {
    let elf = elf("hello");
    let app = app(&elf);
    let run = |bytes: &[u8]| {
        let image = Image::from_file_bytes(bytes).unwrap();
        assert_eq!(image.boot(), Boot::EspIdf);
        let mut machine = Machine::esp32c3(&image, &Options::default());
        let lines = lines_until(&mut machine, millis(100));
        let lines: Vec<_> = lines.into_iter().map(|line| (line.starts, line.text)).collect();
        (lines, machine.instructions())
    };
    let expected = run(&elf);
    assert_eq!(expected.0.len(), 7);
    assert_eq!(run(&app.write()), expected);
    assert_eq!(run(&app.write_flash()), expected);
}
