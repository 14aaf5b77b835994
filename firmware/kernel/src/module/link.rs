//! Placing a module's sections in one block of memory, and making its code fit there.
//!
//! One block holds everything: instructions first, room for veneers behind them, then constants and
//! variables. The processor may see the instructions at another address than they are written at
//! (the instruction bus); everything else it sees where it is.
//!
//! A jump that does not reach its target, as from RAM to the kernel in flash, goes to a *veneer*: two
//! instructions behind the module's code that reach every address.
//!
//! Pure: it is given bytes and addresses, and changes bytes.

use super::elf::{Home, Object, Relocation, SECTIONS_MAX, Use};
use super::reason::{Damage, Detail, Reason};
use super::relocate::{self, Place, VENEER_BYTES};

/// The alignment of each part.
const PART_ALIGN: u32 = 4;
/// More than any heap has, and small enough to add to.
const BYTES_MAX: u32 = 1 << 24;

/// Where a module's sections are to lie in its block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    offsets: [u32; SECTIONS_MAX],
    /// Bytes of instructions, veneers included.
    pub(super) code_bytes: u32,
    /// Where the veneers begin.
    veneers: u32,
    /// Everything.
    pub(super) bytes: u32,
    /// What the block must be aligned to.
    pub(super) align: u32,
}

/// Where a module's block is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    /// Where its bytes are written, and seen as data.
    pub(super) data: u32,
    /// Where the processor fetches its instructions.
    pub(super) code: u32,
}

impl Layout {
    /// Gives each section its place.
    pub(super) fn of(object: &Object<'_>) -> Result<Self, Reason> {
        let mut layout =
            Self { offsets: [0; SECTIONS_MAX], code_bytes: 0, veneers: 0, bytes: 0, align: 8 };
        layout.place(object, Use::Code)?;
        layout.veneers = layout.bytes.next_multiple_of(PART_ALIGN);
        layout.bytes = layout.veneers + veneers(object)? * VENEER_BYTES;
        layout.code_bytes = layout.bytes;
        layout.place(object, Use::Constants)?;
        layout.place(object, Use::Variables)?;
        Ok(layout)
    }

    fn place(&mut self, object: &Object<'_>, used_for: Use) -> Result<(), Reason> {
        for index in 0..object.sections() {
            let section = object.section(index)?;
            if section.used_for != used_for {
                continue;
            }
            let align = section.align.max(PART_ALIGN);
            self.align = self.align.max(align);
            let at = self.bytes.next_multiple_of(align);
            if section.bytes > BYTES_MAX || at > BYTES_MAX {
                return Err(Damage::Sections.into());
            }
            self.offsets[usize::from(index)] = at;
            self.bytes = at + section.bytes;
        }
        Ok(())
    }

    /// Where the processor sees an offset of a section.
    fn address(&self, object: &Object<'_>, section: u16, base: Base) -> Result<u32, Reason> {
        let offset = self.offsets[usize::from(section)];
        match object.section(section)?.used_for {
            Use::Code => Ok(base.code.wrapping_add(offset)),
            Use::Constants | Use::Variables => Ok(base.data.wrapping_add(offset)),
            Use::None => Err(Damage::Symbols.into()),
        }
    }
}

/// How many veneers may be needed: one for each jump out of the module, whatever its target.
fn veneers(object: &Object<'_>) -> Result<u32, Reason> {
    let mut count = 0;
    for section in 0..object.sections() {
        if object.section(section)?.used_for == Use::Code {
            for relocation in object.relocations(section)? {
                count += u32::from(needs_veneer(object, &relocation)?);
            }
        }
    }
    Ok(count)
}

fn needs_veneer(object: &Object<'_>, relocation: &Relocation) -> Result<bool, Reason> {
    let is_jump = [relocate::JAL, relocate::BRANCH].contains(&relocation.kind);
    Ok(is_jump && object.symbol(relocation.symbol)?.home == Home::Undefined)
}

/// Writes the module into its block, as it must be at `base`. `kernel` answers the address of a
/// function that the kernel provides.
pub(super) fn link(
    object: &Object<'_>,
    layout: &Layout,
    base: Base,
    block: &mut [u8],
    kernel: &dyn Fn(&str) -> Option<u32>,
) -> Result<(), Reason> {
    block.fill(0);
    for index in 0..object.sections() {
        let section = object.section(index)?;
        if section.used_for != Use::None {
            let at = layout.offsets[usize::from(index)] as usize;
            let room = block.get_mut(at..at + section.bytes as usize).ok_or(Damage::Sections)?;
            let contents = section.contents;
            room.get_mut(..contents.len()).ok_or(Damage::Sections)?.copy_from_slice(contents);
        }
    }
    let mut linker = Linker { object, layout, base, kernel, veneer: layout.veneers };
    (0..object.sections()).try_for_each(|index| linker.section(index, block))
}

struct Linker<'a> {
    object: &'a Object<'a>,
    layout: &'a Layout,
    base: Base,
    kernel: &'a dyn Fn(&str) -> Option<u32>,
    /// Where the next veneer goes.
    veneer: u32,
}

impl Linker<'_> {
    fn section(&mut self, index: u16, block: &mut [u8]) -> Result<(), Reason> {
        let section = self.object.section(index)?;
        if section.used_for == Use::None {
            return Ok(());
        }
        let at = self.layout.address(self.object, index, self.base)?;
        let offset = self.layout.offsets[usize::from(index)];
        for relocation in self.object.relocations(index)? {
            if relocation.offset >= section.bytes {
                return Err(Damage::Relocations.into());
            }
            let place = self.place_of(index, at, &relocation)?;
            let place = match relocate::reaches(relocation.kind, place) {
                true => place,
                false => self.through_veneer(&relocation, place, block)?,
            };
            let from = (offset + relocation.offset) as usize;
            let bytes = &mut block[from..(offset + section.bytes) as usize];
            relocate::apply(relocation.kind, bytes, place)?;
        }
        Ok(())
    }

    /// What a relocation is about; of the low half of a pair, what its high half is about.
    fn place_of(&self, section: u16, at: u32, own: &Relocation) -> Result<Place, Reason> {
        let low = [relocate::PCREL_LO12_I, relocate::PCREL_LO12_S];
        if !low.contains(&own.kind) {
            let target = self.symbol(own)?.wrapping_add(own.addend);
            return Ok(Place { at: at.wrapping_add(own.offset), target });
        }
        let label = self.object.symbol(own.symbol)?;
        if label.home != Home::Section(section) {
            return Err(Damage::Relocations.into());
        }
        // It stands close before, as a rule.
        let mut relocations = self.object.relocations(section)?.rev();
        let high = relocations
            .find(|other| other.offset == label.value && other.kind == relocate::PCREL_HI20);
        let high = high.ok_or(Damage::Relocations)?;
        let target = self.symbol(&high)?.wrapping_add(high.addend);
        Ok(Place { at: at.wrapping_add(high.offset), target })
    }

    fn symbol(&self, relocation: &Relocation) -> Result<u32, Reason> {
        if relocation.symbol == 0 {
            return Ok(0);
        }
        let symbol = self.object.symbol(relocation.symbol)?;
        match symbol.home {
            Home::Absolute => Ok(symbol.value),
            Home::Section(section) => {
                Ok(self.layout.address(self.object, section, self.base)?.wrapping_add(symbol.value))
            }
            Home::Undefined => (self.kernel)(symbol.name)
                .ok_or_else(|| Reason::MissingSymbol(Detail::of(symbol.name))),
        }
    }

    /// Writes a veneer to where a jump wants to go; the jump goes to that.
    fn through_veneer(
        &mut self,
        relocation: &Relocation,
        place: Place,
        block: &mut [u8],
    ) -> Result<Place, Reason> {
        if !needs_veneer(self.object, relocation)? {
            return Err(Reason::OutOfReach(relocate::name(relocation.kind)));
        }
        let at = self.veneer;
        let end = at + VENEER_BYTES;
        debug_assert!(end <= self.layout.code_bytes, "one was reserved for each such jump");
        block[at as usize..end as usize].copy_from_slice(&relocate::veneer(place.target));
        self.veneer = end;
        Ok(Place { target: self.base.code.wrapping_add(at), ..place })
    }
}

/// Where the processor sees a symbol that the module defines.
pub(super) fn address_of(
    object: &Object<'_>,
    layout: &Layout,
    base: Base,
    name: &str,
) -> Result<u32, Reason> {
    let missing = || Reason::MissingSymbol(Detail::of(name));
    let symbol = object.find(name).ok_or_else(missing)?;
    let Home::Section(section) = symbol.home else { return Err(missing()) };
    if symbol.value >= object.section(section)?.bytes {
        return Err(Damage::Symbols.into());
    }
    Ok(layout.address(object, section, base)?.wrapping_add(symbol.value))
}
