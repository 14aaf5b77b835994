//! Hands the linker its script, and the image the file system with the modules that `ramscope build` made.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::copy("link.x", out.join("link.x")).expect("the script is part of the package");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--build-id=sha1");
    let storage = out.join("storage.bin");
    match env::var_os("RAMSCOPE_STORAGE") {
        Some(made) => {
            fs::copy(&made, storage).expect("the builder names a file that it wrote");
            println!("cargo:rerun-if-changed={}", PathBuf::from(made).display());
        }
        // Built by cargo alone, as for lints: an image without modules.
        None => fs::write(storage, []).expect("cargo's folder can be written"),
    }
    println!("cargo:rerun-if-env-changed=RAMSCOPE_STORAGE");
    println!("cargo:rerun-if-changed=link.x");
    println!("cargo:rerun-if-changed=build.rs");
}
