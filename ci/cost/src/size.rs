//! What an image says of sizes without being run: its sections, the kernel's functions, saved contexts.

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// The board's sizes of saved contexts: of a thread that gave way, and of one that was interrupted.
const CONTEXTS: &str = "RAMSCOPE_CONTEXTS";

/// Rows by their ids; nothing for what the image does not tell.
pub(crate) fn of_image(elf: &[u8]) -> Vec<(String, f64)> {
    let Ok(file) = object::File::parse(elf) else { return Vec::new() };
    let mut rows = Vec::new();
    for (place, id) in ["M2.1", "M2.2"].into_iter().enumerate() {
        rows.extend(word(&file, CONTEXTS, place).map(|bytes| (id.to_owned(), f64::from(bytes))));
    }
    rows.push(("M5.2".to_owned(), kernel_code(&file) as f64));
    for (name, id) in [(".data", "M5.3"), (".bss", "M5.4")] {
        let section = file.section_by_name(name);
        rows.extend(section.map(|section| (id.to_owned(), section.size() as f64)));
    }
    rows
}

/// One word of a symbol's contents.
fn word(file: &object::File<'_>, name: &str, place: usize) -> Option<u32> {
    let symbol = file.symbol_by_name(name)?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    let from = (symbol.address() - section.address()) as usize + 4 * place;
    let bytes = section.data().ok()?.get(from..from + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The bytes of all functions of the kernel that stand for themselves.
fn kernel_code(file: &object::File<'_>) -> u64 {
    let functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text);
    let of_kernel = functions.filter(|symbol| {
        let name = symbol.name().unwrap_or_default();
        let name = format!("{:#}", rustc_demangle::demangle(name));
        name.trim_start_matches('<').starts_with("ramscope_kernel::")
    });
    of_kernel.map(|symbol| symbol.size()).sum()
}
