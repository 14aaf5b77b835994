//! Names for instructions in loaded modules.
//!
//! An image knows only its own functions. Where a module was loaded the device has told, and beside
//! the image lies a file for each module with its functions from address 0 on, named by the checksum
//! of what was loaded, so that another build's is never taken for it.

use std::path::Path;

use ramscope_model::{Device, ElfSymbols, Module, ModulePlace, Symbol, Symbols};

/// An image's names, and those of the modules that were loaded.
pub(crate) struct ModuleNames<'a> {
    image: &'a dyn Symbols,
    modules: Vec<Loaded>,
}

struct Loaded {
    name: String,
    place: ModulePlace,
    symbols: Option<ElfSymbols>,
}

impl<'a> ModuleNames<'a> {
    /// The names of `image`, which lies at `path`, and of the modules that one of the addresses is in.
    pub(crate) fn of(
        image: &'a dyn Symbols,
        path: &Path,
        device: &Device,
        addresses: &[u32],
    ) -> Self {
        let needed = |module: &&Module| {
            let has = |place: ModulePlace| addresses.iter().any(|pc| place.has_code(*pc));
            module.place.is_some_and(has)
        };
        // Of several at one place the last one is meant, and one that is there before one that is gone.
        let mut modules: Vec<&Module> = device.modules().iter().filter(needed).collect();
        modules.reverse();
        modules.sort_by_key(|module| module.end.is_some());
        let load = |module: &Module| {
            let place = module.place?;
            let file = ramscope_cli::image::module_symbols(path, &module.name, place.checksum);
            let symbols = std::fs::read(file).ok().and_then(|elf| ElfSymbols::new(&elf).ok());
            Some(Loaded { name: module.name.clone(), place, symbols })
        };
        Self { image, modules: modules.into_iter().filter_map(load).collect() }
    }
}

impl Symbols for ModuleNames<'_> {
    fn function_at(&self, pc: u32) -> Option<Symbol> {
        let Some(module) = self.modules.iter().find(|module| module.place.has_code(pc)) else {
            return self.image.function_at(pc);
        };
        let offset = pc - module.place.code_base;
        let known = module.symbols.as_ref().and_then(|symbols| symbols.function_at(offset));
        Some(match known {
            Some(symbol) => {
                Symbol { function: format!("{}: {}", module.name, symbol.function), ..symbol }
            }
            None => {
                Symbol { function: format!("{} + 0x{offset:x}", module.name), ..Symbol::default() }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_model::NoSymbols;

    #[test]
    fn without_its_symbols_a_module_is_named_with_the_offset() {
        let place = ModulePlace {
            code_base: 0x4039_0000,
            code_bytes: 0x100,
            data_base: 0,
            data_bytes: 0,
            checksum: 0,
        };
        let modules = vec![Loaded { name: "bot".to_owned(), place, symbols: None }];
        let names = ModuleNames { image: &NoSymbols, modules };
        let function = |pc| names.function_at(pc).map(|symbol| symbol.function);
        assert_eq!(function(0x4039_0024).as_deref(), Some("bot + 0x24"));
        assert_eq!(function(0x4039_0100), None);
    }
}
