//! Function names and source lines out of an ELF image: its symbol table, and its DWARF where
//! there is some.
//!
//! A stack frame belongs to the function that was really called, so the outermost frame at an address is
//! what is named; what was inlined into it there stands beside. What belongs to the language's own
//! libraries is left out of that.

use gimli::{EndianArcSlice, LittleEndian};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::sync::Arc;

use crate::symbols::{Inlined, Symbol, Symbols};

type Reader = EndianArcSlice<LittleEndian>;

/// The names of an image.
pub struct ElfSymbols {
    /// Functions in the order of their addresses.
    functions: Vec<Function>,
    /// Places in assembly that have names but no type, in the order of their addresses.
    labels: Vec<Function>,
    lines: Option<addr2line::Context<Reader>>,
}

/// The function and the place of a frame, as far as debug information has them.
type Written = (Option<String>, Option<(String, u32)>);

struct Function {
    from: u32,
    /// The address after it; the next function's for one without a size.
    to: u32,
    name: String,
}

/// Why an image has no names.
#[derive(Debug, thiserror::Error)]
#[error("the image is no ELF file that can be read")]
pub struct SymbolError(#[from] object::Error);

impl ElfSymbols {
    /// Reads the names of an image. Damaged debug information is the same as none.
    ///
    /// # Errors
    /// If the bytes are no ELF file.
    pub fn new(elf: &[u8]) -> Result<Self, SymbolError> {
        let file = object::File::parse(elf)?;
        Ok(Self { functions: functions(&file), labels: labels(&file), lines: lines(&file) })
    }

    /// Where the instruction at `pc` stands in the source, innermost first: the function that it was
    /// written in, then those into which that was inlined, and the one that is really called last.
    /// What belongs to the language's own libraries is left out.
    #[must_use]
    pub fn source_of(&self, pc: u32) -> Vec<Symbol> {
        let own = |place: &(String, u32)| !place.0.starts_with("/rustc/");
        let written = self.frames_at(pc).into_iter().filter_map(|(function, place)| {
            let (file, line) = place.filter(own)?;
            let place = Some((shortened(&file), line));
            Some(Symbol { function: function?, place, ..Symbol::default() })
        });
        let symbols: Vec<Symbol> = written.collect();
        match symbols.is_empty() {
            true => self.function_at(pc).into_iter().collect(),
            false => symbols,
        }
    }

    /// The function and the place of each frame that debug information has at `pc`, innermost first.
    fn frames_at(&self, pc: u32) -> Vec<Written> {
        let frames = self.lines.as_ref().map(|lines| lines.find_frames(u64::from(pc)));
        let mut frames = frames.and_then(|frames| frames.skip_all_loads().ok());
        let mut all = Vec::new();
        while let Some(Ok(Some(frame))) = frames.as_mut().map(addr2line::FrameIter::next) {
            let place = frame.location;
            let place = place.and_then(|place| Some((place.file?.to_owned(), place.line?)));
            let function = frame.function.and_then(|function| {
                let name = function.raw_name().ok()?;
                Some(format!("{:#}", rustc_demangle::demangle(&name)))
            });
            all.push((function, place));
        }
        all
    }

    /// A function, or what a label in assembly begins, up to the next function.
    fn function_containing(&self, pc: u32) -> Option<&Function> {
        let before = |list: &[Function]| list.partition_point(|function| function.from <= pc);
        let after = before(&self.functions);
        let function = after.checked_sub(1).map(|at| &self.functions[at]);
        if let Some(function) = function.filter(|function| pc < function.to) {
            return Some(function);
        }
        let label = self.labels.get(before(&self.labels).checked_sub(1)?)?;
        let is_behind = function.is_none_or(|function| label.from >= function.to);
        (is_behind && pc < label.to).then_some(label)
    }
}

impl Symbols for ElfSymbols {
    fn function_at(&self, pc: u32) -> Option<Symbol> {
        let function = self.function_containing(pc)?;
        let mut frames = self.frames_at(pc);
        let outermost = frames.pop().and_then(|(_, place)| place);
        let inlined = frames.into_iter().filter_map(|(function, place)| {
            let (file, line) = place.filter(|(file, _)| !file.starts_with("/rustc/"))?;
            Some(Inlined { function: function?, place: (shortened(&file), line) })
        });
        Some(Symbol {
            function: format!("{:#}", rustc_demangle::demangle(&function.name)),
            place: outermost.map(|(file, line)| (shortened(&file), line)),
            inlined: inlined.collect(),
        })
    }
}

fn functions(file: &object::File<'_>) -> Vec<Function> {
    named(file, |symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition())
}

/// What assemblers name for themselves begins with a dot or a dollar.
fn labels(file: &object::File<'_>) -> Vec<Function> {
    let is_code = |symbol: &object::Symbol<'_, '_>| {
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        section.is_some_and(|section| section.kind() == SectionKind::Text)
    };
    named(file, |symbol| {
        let is_name = symbol.name().is_ok_and(|name| !name.starts_with(['.', '$']));
        symbol.kind() == SymbolKind::Unknown && is_name && is_code(symbol)
    })
}

fn named<'a>(
    file: &object::File<'a>,
    wanted: impl Fn(&object::Symbol<'_, '_>) -> bool,
) -> Vec<Function> {
    let mut functions: Vec<Function> = file
        .symbols()
        .filter(wanted)
        .filter_map(|symbol| {
            let from = u32::try_from(symbol.address()).ok()?;
            let bytes = u32::try_from(symbol.size()).ok()?;
            Some(Function {
                from,
                to: from.saturating_add(bytes),
                name: symbol.name().ok()?.to_owned(),
            })
        })
        .filter(|function| !function.name.is_empty())
        .collect();
    functions.sort_by(|a, b| (a.from, a.to, &a.name).cmp(&(b.from, b.to, &b.name)));
    close_gaps(&mut functions);
    functions
}

/// Assembly often gives no size: such a function goes on to the next one.
fn close_gaps(functions: &mut [Function]) {
    for index in 0..functions.len() {
        let from = functions[index].from;
        if functions[index].to == from {
            let next = functions[index..].iter().find(|next| next.from > from);
            functions[index].to = next.map_or(from, |next| next.from);
        }
    }
}

fn lines(file: &object::File<'_>) -> Option<addr2line::Context<Reader>> {
    let load = |section: gimli::SectionId| -> Result<Reader, gimli::Error> {
        let data = file
            .section_by_name(section.name())
            .and_then(|section| section.data().ok())
            .unwrap_or_default();
        Ok(EndianArcSlice::new(Arc::from(data), LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(load).ok()?;
    addr2line::Context::from_dwarf(dwarf).ok()
}

/// A path as a person wants to see it: from the last `firmware/` on, if it has one; of the language's own
/// libraries from `library/` on, whatever the compiler calls the place where it was built; of a package of a
/// registry from the package's name on.
fn shortened(path: &str) -> String {
    let library = || path.strip_prefix("/rustc/")?.split_once('/').map(|(_, rest)| rest);
    let package = || path.split_once("/registry/src/")?.1.split_once('/').map(|(_, rest)| rest);
    let own = || path.rfind("firmware/").map(|at| &path[at..]);
    library().or_else(package).or_else(own).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_elf_are_an_error() {
        assert!(ElfSymbols::new(b"").is_err());
        assert!(ElfSymbols::new(b"\x7fELF\x01\x01\x01").is_err());
    }

    #[test]
    fn a_function_without_a_size_goes_on_to_the_next() {
        let function = |from, to| Function { from, to, name: String::new() };
        let mut functions = [function(8, 8), function(8, 8), function(16, 20), function(24, 24)];
        close_gaps(&mut functions);
        let ends: Vec<u32> = functions.iter().map(|function| function.to).collect();
        assert_eq!(ends, [16, 16, 20, 24]);
    }

    #[test]
    fn a_path_begins_at_the_firmware() {
        assert_eq!(shortened("/a/b/firmware/apps/src/x.rs"), "firmware/apps/src/x.rs");
        assert_eq!(shortened("src/main.rs"), "src/main.rs");
    }

    #[test]
    fn a_path_of_a_library_begins_at_the_library() {
        assert_eq!(shortened("/rustc/59807616/library/core/src/fmt.rs"), "library/core/src/fmt.rs");
        let package = "/home/a/.cargo/registry/src/index.crates.io-1949/heapless-0.8.0/src/lib.rs";
        assert_eq!(shortened(package), "heapless-0.8.0/src/lib.rs");
    }

    /// The one image that is always there is this test itself.
    #[cfg(target_os = "linux")]
    /// A function that no optimisation takes away.
    #[inline(never)]
    fn landmark(value: u32) -> u32 {
        std::hint::black_box(value)
    }

    #[test]
    fn a_function_of_this_crate_is_found_with_its_source() {
        assert_eq!(landmark(1), 1);
        let path = std::env::current_exe().unwrap();
        let symbols = ElfSymbols::new(&std::fs::read(path).unwrap()).unwrap();
        let name = "symbols::elf::tests::landmark";
        let demangled = |function: &Function| rustc_demangle::demangle(&function.name).to_string();
        let function = symbols.functions.iter().find(|f| demangled(f).contains(name)).unwrap();
        let symbol = symbols.function_at(function.from).unwrap();
        assert_eq!(symbols.source_of(function.from).last(), Some(&symbol));
        assert_eq!(symbol.function, "ramscope_model::symbols::elf::tests::landmark");
        assert!(symbol.place.unwrap().0.ends_with("symbols/elf.rs"));
    }
}
