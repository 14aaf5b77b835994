//! What programs and other modules call, by name.
//!
//! | name | input | output | answer |
//! |---|---|---|---|
//! | `check` | the file | what is wrong with it | the line that is wrong, or 0 |
//! | `get` | lengths of section and key, u8 each; section, key, the file | the value | its length |
//! | `set` | lengths of section and key, u8 each; of the value, u16; section, key, value, the file | the file with the value | its length |
//!
//! A negative answer is that of [`errno`]: no such key, no room in the output, a file that cannot be read
//! or a name that would not read back.

use core::fmt::Write;

use ramscope_module_abi::Status;
use ramscope_module_abi::packed::{Pack, Unpack, errno};

use crate::document::Document;
use crate::edit;
use crate::item::{Item, Items, Problem};
use crate::value::Value;
use crate::write::Refused;

/// Sections and pairs of a file that `check` reads: what a thread's stack has room for.
const ENTRIES_MAX: usize = 48;

/// The module needs nothing.
pub(crate) fn init() -> Result<(), Status> {
    Ok(())
}

/// Nothing is left behind.
pub(crate) fn deinit() {}

/// Whether a file can be read.
pub(crate) fn check(input: &[u8], output: &mut [u8]) -> isize {
    match Document::<ENTRIES_MAX>::read(input) {
        Ok(_) => 0,
        Err(problem) => {
            // What does not fit of the sentence is left out; the line is the answer anyway.
            let _ = write!(Pack::into(output), "{problem}");
            isize::try_from(problem.line.0).unwrap_or(isize::MAX)
        }
    }
}

/// The value of a key.
pub(crate) fn get(input: &[u8], output: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let Some((section, key)) = place(&mut unpack) else { return -errno::EINVAL };
    match find(unpack.rest(), section, key) {
        Ok(Some(value)) => filled(output, value.text()),
        Ok(None) => -errno::ENOENT,
        Err(_) => -errno::EINVAL,
    }
}

/// Changes the value of a key.
pub(crate) fn set(input: &[u8], output: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let mut parts = || {
        let (section_bytes, key_bytes) = (unpack.u8()?, unpack.u8()?);
        let value_bytes = unpack.u16()?;
        let section = unpack.text(usize::from(section_bytes))?;
        let key = unpack.text(usize::from(key_bytes))?;
        let value = unpack.text(usize::from(value_bytes))?;
        Some((section, key, value, unpack.rest_text()?))
    };
    let Some((section, key, value, file)) = parts() else { return -errno::EINVAL };
    let mut pack = Pack::into(output);
    match edit::set(file, section, key, value, &mut pack) {
        Ok(()) => pack.filled().cast_signed(),
        Err(Refused::Full) => -errno::ENOSPC,
        Err(Refused::Name | Refused::Character) => -errno::EINVAL,
    }
}

fn place<'a>(unpack: &mut Unpack<'a>) -> Option<(&'a str, &'a str)> {
    let (section_bytes, key_bytes) = (unpack.u8()?, unpack.u8()?);
    let section = unpack.text(usize::from(section_bytes))?;
    Some((section, unpack.text(usize::from(key_bytes))?))
}

/// Looks line by line, so that a file of any length needs no room.
fn find<'a>(file: &'a [u8], wanted: &str, key: &str) -> Result<Option<Value<'a>>, Problem> {
    let mut section = "";
    let mut found = None;
    for (_, item) in Items::of(file) {
        match item? {
            Item::Section(name) => section = name,
            Item::Pair(known, value) if section == wanted && known.eq_ignore_ascii_case(key) => {
                // The first one; a file in which it stands twice does not pass `check`.
                found = found.or(Some(value));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn filled(output: &mut [u8], text: &str) -> isize {
    let mut pack = Pack::into(output);
    pack.bytes(text.as_bytes()).map_or(-errno::ENOSPC, |()| pack.filled().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[motor]\nspeed = 40\n";

    fn request(lengths: &[u8], rest: &[&str]) -> Vec<u8> {
        [lengths, rest.concat().as_bytes()].concat()
    }

    #[test]
    fn a_value_is_got_or_it_is_said_why_not() {
        let mut room = [0; 8];
        let input = request(&[5, 5], &["motor", "speed", FILE]);
        assert_eq!(get(&input, &mut room), 2);
        assert_eq!(&room[..2], b"40");
        assert_eq!(get(&input, &mut []), -errno::ENOSPC);
        let missing = request(&[5, 4], &["motor", "gear", FILE]);
        assert_eq!(get(&missing, &mut room), -errno::ENOENT);
        let broken = request(&[5, 5], &["motor", "speed", FILE, "oops"]);
        assert_eq!(get(&broken, &mut room), -errno::EINVAL);
        assert_eq!(get(&[9, 9], &mut room), -errno::EINVAL);
    }

    #[test]
    fn a_file_is_checked_to_its_line() {
        let mut room = [0; 64];
        assert_eq!(check(FILE.as_bytes(), &mut room), 0);
        assert_eq!(check(b"[motor]\n\nspeed", &mut room), 3);
        assert!(room.starts_with(b"line 3: neither [section] nor key = value"));
        assert_eq!(check(b"=", &mut []), 1);
    }

    #[test]
    fn a_value_is_set_if_there_is_room_for_the_file() {
        let mut room = [0; 19];
        let input = request(&[5, 5, 2, 0], &["motor", "speed", "50", FILE]);
        assert_eq!(set(&input, &mut room), 19);
        assert_eq!(&room, b"[motor]\nspeed = 50\n");
        assert_eq!(set(&input, &mut room[..18]), -errno::ENOSPC);
        let input = request(&[5, 5, 1, 0], &["motor", "spe=d", "5", FILE]);
        assert_eq!(set(&input, &mut room), -errno::EINVAL);
    }
}
