//! The loader against another linker, and against files that somebody damaged.
//!
//! `tests/every-kind.o` has each kind of relocation that an assembler writes; `every-kind.bin` is what
//! rust-lld makes of it at the same addresses (how is said in `every-kind.s`). `tests/hcsr04.o` is a
//! module as `ramscope build` wrote it.

use super::elf::Object;
use super::link::{self, Base, Layout};
use super::reason::{Damage, Detail, Reason};
use super::relocate::{self, Place};

const EVERY_KIND: &[u8] = include_bytes!("tests/every-kind.o");
const BY_LLD: &[u8] = include_bytes!("tests/every-kind.bin");
const REAL: &[u8] = include_bytes!("tests/hcsr04.o");

const BASE: Base = Base { data: 0x3FC9_1000, code: 0x4039_1000 };
const OUTSIDE: u32 = 0x4201_2344;

/// Where the fields of a header of a section are.
const SECTION_KIND: usize = 4;

/// A kernel that has every function.
fn everything(_: &str) -> Option<u32> {
    Some(OUTSIDE)
}

/// Links a file as the loader does.
fn linked(file: &[u8], kernel: &dyn Fn(&str) -> Option<u32>) -> Result<Vec<u8>, Reason> {
    let object = Object::parse(file)?;
    let layout = Layout::of(&object)?;
    if layout.bytes > 1 << 20 {
        return Err(Reason::OutOfMemory {
            wanted_bytes: layout.bytes,
            largest_free_bytes: 1 << 20,
        });
    }
    let mut block = vec![0xAA; layout.bytes as usize];
    link::link(&object, &layout, BASE, &mut block, kernel)?;
    for name in ["ramscope_module_info", "ramscope_module_init", "begin"] {
        let _ = link::address_of(&object, &layout, BASE, name);
    }
    Ok(block)
}

#[test]
fn every_kind_is_relocated_as_another_linker_does() {
    let block = linked(EVERY_KIND, &everything).unwrap();
    // Instructions, 4 bytes to the next multiple of 8, constants, variables; then 24 zeros.
    let parts = [&block[..76], &block[80..136]].concat();
    for (at, (ours, theirs)) in parts.chunks(2).zip(BY_LLD.chunks(2)).enumerate() {
        assert_eq!(ours, theirs, "at byte {}", 2 * at);
    }
    assert_eq!(parts.len(), BY_LLD.len());
    assert_eq!(block[136..], [0; 24]);
}

#[test]
fn a_real_module_is_linked_with_its_symbols() {
    let object = Object::parse(REAL).unwrap();
    let layout = Layout::of(&object).unwrap();
    assert!(linked(REAL, &everything).is_ok());
    let address = |name| link::address_of(&object, &layout, BASE, name);
    let init = address("ramscope_module_init").unwrap();
    assert!((BASE.code..BASE.code + layout.code_bytes).contains(&init));
    let info = address("ramscope_module_info").unwrap();
    assert!((BASE.data + layout.code_bytes..BASE.data + layout.bytes).contains(&info));
    assert!(address("ramscope_nothing").is_err());
}

#[test]
fn a_function_that_the_kernel_lacks_is_named() {
    let refused = linked(EVERY_KIND, &|_| None).unwrap_err();
    assert_eq!(refused, Reason::MissingSymbol(Detail::of("outside")));
}

#[test]
fn a_kind_that_is_not_known_is_refused_by_name() {
    for (kind, name) in [(20, "R_RISCV_GOT_HI20"), (29, "R_RISCV_TPREL_HI20"), (200, "R_RISCV_200")]
    {
        let mut file = EVERY_KIND.to_vec();
        // The first relocation is that of `lui`.
        let table = relocations_of_text(&file);
        file[table + 4] = kind;
        let refused = linked(&file, &everything).unwrap_err();
        assert_eq!(refused, Reason::UnknownRelocation(Detail::of(name)));
    }
}

/// Where the first table of relocations begins.
fn relocations_of_text(file: &[u8]) -> usize {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let sections = word(32);
    let headers = (0..12).map(|index| sections + 40 * index);
    let found = headers.into_iter().find(|at| word(at + SECTION_KIND) == 4).unwrap();
    word(found + 16)
}

#[test]
fn a_jump_that_does_not_reach_goes_through_a_veneer() {
    let mut file = EVERY_KIND.to_vec();
    let table = relocations_of_text(&file);
    // The call of `outside` at 0x1c, the eighth relocation, becomes a jump: `jal ra`.
    let call = table + 7 * 12;
    assert_eq!(file[call..call + 4], [0x1C, 0, 0, 0]);
    file[call + 4] = relocate::JAL;
    let at = 0x34 + 0x1C;
    file[at..at + 4].copy_from_slice(&0x0000_00EF_u32.to_le_bytes());
    let block = linked(&file, &everything).unwrap();
    let word = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
    // Behind the instructions: 76 bytes.
    assert_eq!(word(76), 0x4201_2337, "lui t1, 0x42012");
    assert_eq!(word(80), 0x3443_0067, "jr 0x344(t1)");
    let jump = word(0x1C);
    let distance = (jump >> 21 & 0x3FF) << 1 | (jump >> 20 & 1) << 11 | (jump >> 12 & 0xFF) << 12;
    assert_eq!(distance, 76 - 0x1C);
}

#[test]
fn a_branch_within_the_module_that_does_not_reach_is_refused() {
    let mut word = [0x63, 0, 0, 0];
    let place = Place { at: 0x4039_0000, target: 0x4039_2000 };
    let refused = relocate::apply(relocate::BRANCH, &mut word, place).unwrap_err();
    assert_eq!(refused, Reason::OutOfReach(Detail::of("R_RISCV_BRANCH")));
    let odd = Place { target: place.at + 3, ..place };
    assert!(relocate::apply(relocate::JAL, &mut word, odd).is_err());
    assert!(relocate::apply(45, &mut word, Place { target: place.at + 4096, ..place }).is_err());
}

/// A row of the conformance list: a file that is no module is an error, and nothing of it is loaded.
#[test]
fn i14_what_is_no_object_for_this_processor_is_refused() {
    let refused = |file: &[u8]| linked(file, &everything).unwrap_err();
    assert_eq!(refused(b""), Damage::Cut.into());
    assert_eq!(refused(&[0; 100]), Damage::NotElf.into());
    let mut other = EVERY_KIND.to_vec();
    other[18] = 40;
    assert_eq!(refused(&other), Damage::OtherKind.into(), "for another processor");
    other[18] = 243;
    other[16] = 2;
    assert_eq!(refused(&other), Damage::OtherKind.into(), "linked already");
    other[16] = 1;
    other[4] = 2;
    assert_eq!(refused(&other), Damage::NotElf.into(), "of 64 bits");
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    for file in [EVERY_KIND, REAL] {
        // The table of sections is the last thing in it.
        for length in (0..file.len()).step_by(if file.len() > 2_000 { 37 } else { 1 }) {
            assert!(linked(&file[..length], &everything).is_err(), "cut at {length}");
        }
    }
}

/// A generator whose numbers are always the same: xorshift.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// Twenty thousand damaged files: each is refused, or linked within its own block. What lies outside
/// would be a panic of the slices here.
#[test]
fn damaged_files_never_make_the_loader_panic() {
    let mut numbers = Numbers(0x1234_5678);
    let (mut refused, mut accepted) = (0, 0);
    for round in 0..20_000 {
        let mut file = if round % 10 == 0 { REAL } else { EVERY_KIND }.to_vec();
        for _ in 0..1 + numbers.next() % 6 {
            let at = numbers.next() as usize % file.len();
            file[at] = match numbers.next() % 4 {
                0 => 0,
                1 => 0xFF,
                2 => file[at] ^ 1 << (numbers.next() % 8),
                _ => numbers.next() as u8,
            };
        }
        match linked(&file, &everything) {
            Ok(_) => accepted += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1_000 && accepted > 1_000, "{refused} refused, {accepted} accepted");
}

/// Each word of the headers and tables in turn, with the values at which sums wrap.
#[test]
fn no_single_word_of_a_table_makes_the_loader_panic() {
    for at in (0..EVERY_KIND.len() - 4).step_by(4) {
        for word in [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF] {
            let mut file = EVERY_KIND.to_vec();
            file[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
            let _ = linked(&file, &everything);
        }
    }
}
