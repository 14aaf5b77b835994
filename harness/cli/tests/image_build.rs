//! Building images, with a workspace that is small enough to be built often.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use ramscope_cli::image::{self, BuildError, BuiltImage, FLASH_BYTES};
use ramscope_cli::workspace::Workspace;

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

/// A workspace in a folder of its own, which goes away with it.
struct Scratch {
    /// What goes away.
    top: PathBuf,
    root: PathBuf,
}

impl Scratch {
    fn new(name: &str, below: &str) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("image-build-{}-{name}", std::process::id()));
        let root = top.join(below);
        let board = root.join("firmware/board-esp32c3");
        fs::create_dir_all(board.join("src")).unwrap();
        fs::write(root.join("Cargo.toml"), MANIFEST).unwrap();
        fs::write(board.join("Cargo.toml"), BOARD).unwrap();
        fs::write(board.join("build.rs"), BUILD_SCRIPT).unwrap();
        fs::write(board.join("link.x"), LINK).unwrap();
        let scratch = Self { top, root };
        scratch.write_main(MAIN);
        scratch
    }

    fn write_main(&self, text: &str) {
        fs::write(self.root.join("firmware/board-esp32c3/src/main.rs"), text).unwrap();
    }

    fn build(&self) -> Result<BuiltImage, BuildError> {
        let workspace = Workspace::containing(&self.root).unwrap();
        image::build(&workspace, &mut |_| {})
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays is below the target folder, where it harms nobody.
        let _ = fs::remove_dir_all(&self.top);
    }
}

#[test]
fn two_folders_give_the_same_image() {
    let images = [("one", ""), ("two", "with a space/and deeper")].map(|(name, below)| {
        let scratch = Scratch::new(name, below);
        let image = scratch.build().unwrap();
        (fs::read(image.elf).unwrap(), fs::read(image.flash).unwrap())
    });
    assert!(images[0] == images[1], "the images differ");
    assert_eq!(images[0].1.len(), FLASH_BYTES);
    let text = String::from_utf8_lossy(&images[0].0);
    assert!(
        !text.contains("image-build-"),
        "a folder of this machine is in the image"
    );
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
