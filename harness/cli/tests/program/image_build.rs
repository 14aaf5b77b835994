//! Building images, with a workspace that is small enough to be built often.

use std::fs;
use std::path::{Path, PathBuf};

use ramscope_cli::image::{self, BuildError, BuiltImage, FLASH_BYTES};
use ramscope_cli::workspace::Workspace;

use crate::scratch::Folder;

const MANIFEST: &str = r#"
[workspace]
resolver = "3"
members = ["firmware/board-esp32c3"]
[profile.firmware]
inherits = "release"
panic = "abort"
lto = "fat"
codegen-units = 1
debug = 2
"#;

const BOARD: &str = r#"
[package]
name = "ramscope-board-esp32c3"
version = "0.1.0"
edition = "2024"
[[bin]]
name = "ramscope-esp32c3"
path = "src/main.rs"
"#;

const MAIN_PATH: &str = "firmware/board-esp32c3/src/main.rs";

const BUILD_SCRIPT: &str = r#"
fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo:rustc-link-arg-bins=-T{folder}/link.x");
}
"#;

const LINK: &str = "
ENTRY(start)
SECTIONS {
  .magic 0x42000000 : { LONG(0xAEDB041D) LONG(0xAEDB041D) }
  .text 0x42000020 : { *(.text.start) *(.text*) *(.rodata*) *(.srodata*) }
  /DISCARD/ : { *(.eh_frame*) }
}
";

/// It panics with its own path, which is what would make images differ.
const MAIN: &str = r#"
#![no_std]
#![no_main]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.start")]
extern "C" fn start() -> ! {
    let word = unsafe { (0x6000_0000 as *const u32).read_volatile() };
    assert!(word == 1, "not one");
    loop {}
}
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let place = info.location().unwrap();
    unsafe { (0x6000_0000 as *mut &str).write_volatile(place.file()) };
    loop {}
}
"#;

/// A workspace in a folder of its own.
struct Scratch {
    root: PathBuf,
    /// Takes the workspace with it.
    _folder: Folder,
}

impl Scratch {
    fn new(name: &str, below: &str) -> Self {
        let folder = Folder::new(name);
        for (path, text) in [
            ("Cargo.toml", MANIFEST),
            ("firmware/board-esp32c3/Cargo.toml", BOARD),
            ("firmware/board-esp32c3/build.rs", BUILD_SCRIPT),
            ("firmware/board-esp32c3/link.x", LINK),
            (MAIN_PATH, MAIN),
        ] {
            folder.write(&format!("{below}/{path}"), text);
        }
        let root = Path::new(&folder.path(below)).to_owned();
        Self { root, _folder: folder }
    }

    fn write_main(&self, text: &str) {
        fs::write(self.root.join(MAIN_PATH), text).unwrap();
    }

    fn build(&self) -> Result<BuiltImage, BuildError> {
        let workspace = Workspace::containing(&self.root).unwrap();
        image::build(&workspace, image::Board::Esp32c3, &mut |_| {})
    }
}

fn both_files(image: &BuiltImage) -> (Vec<u8>, Vec<u8>) {
    (fs::read(&image.elf).unwrap(), fs::read(image.flash.as_ref().unwrap()).unwrap())
}

#[test]
fn two_folders_give_the_same_image() {
    let images = [("one", ""), ("two", "with a space/and deeper")].map(|(name, below)| {
        let scratch = Scratch::new(name, below);
        both_files(&scratch.build().unwrap())
    });
    assert!(images[0] == images[1], "the images differ");
    assert_eq!(images[0].1.len(), FLASH_BYTES);
    let text = String::from_utf8_lossy(&images[0].0);
    assert!(!text.contains("and deeper"), "a folder of this machine is in the image");
}

/// The same with our own sources, which takes a few seconds.
#[test]
fn two_folders_give_the_same_image_of_the_board() {
    let own = Workspace::containing(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let images = ["board-one", "board-two/deeper"].map(|name| {
        let folder = Folder::new(name);
        copy_sources(own.root(), Path::new(&folder.path("")));
        let workspace = Workspace::containing(Path::new(&folder.path(""))).unwrap();
        both_files(&image::build(&workspace, image::Board::Esp32c3, &mut |_| {}).unwrap())
    });
    assert!(images[0] == images[1], "the images differ");
    let text = String::from_utf8_lossy(&images[0].0);
    assert!(!text.contains("board-one"), "a folder of this machine is in the image");
}

/// Copies what cargo needs to know: every manifest, and the firmware.
fn copy_sources(from: &Path, to: &Path) {
    for name in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    for name in ["firmware", "harness", "ci"] {
        copy_folder(&from.join(name), &to.join(name));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => copy_folder(&path, &copy),
            false => drop(fs::copy(&path, &copy).unwrap()),
        }
    }
}

#[test]
fn an_image_that_is_up_to_date_is_not_written_again() {
    let scratch = Scratch::new("again", "");
    assert!(scratch.build().unwrap().changed);
    assert!(!scratch.build().unwrap().changed);
}

#[test]
fn sources_that_do_not_compile_leave_the_old_image() {
    let scratch = Scratch::new("broken", "");
    let image = scratch.build().unwrap();
    let before = fs::read(&image.elf).unwrap();
    scratch.write_main("fn nonsense(");
    let error = scratch.build().unwrap_err();
    assert!(error.is_in_sources());
    assert!(error.to_string().contains("src/main.rs:1"), "{error}");
    assert!(fs::read(&image.elf).unwrap() == before);
    let files = fs::read_dir(image.elf.parent().unwrap()).unwrap().count();
    assert_eq!(files, 3, "the image, its flash form and the lock");
}
