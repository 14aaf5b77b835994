//! What collections gave back, and why the rest stayed.

use ramscope_model::{Collection, Device, counted};

use super::heading;
use crate::figures::seconds;
use crate::style::{Style, clean};

/// So many of the last collections are told one by one, and the others are counted.
const SHOWN_MAX: usize = 8;
/// So many blocks that stay are named.
const KEPT_MAX: usize = 6;

pub(super) fn collections(device: &Device, style: Style) -> String {
    let list = &device.collections().list;
    let Some(last) = list.last() else { return String::new() };
    let mut text = heading("collections", style);
    let earlier = list.len().saturating_sub(SHOWN_MAX);
    let untold = earlier as u64 + device.collections().forgotten;
    if untold > 0 {
        text += &format!("   {} before\n", counted(untold, "collection"));
    }
    for collection in &list[earlier..] {
        text += &format!("   {}  {}\n", seconds(collection.at), clean(&collection.sentence()));
    }
    text + &kept(last)
}

/// What keeps the blocks that stayed at a collection.
fn kept(collection: &Collection) -> String {
    let blocks = collection.kept.iter().take(KEPT_MAX).map(|block| {
        let line = format!(
            "{} B of {} stay: 0x{:08x} {} at 0x{:08x}",
            block.bytes,
            block.owner,
            block.pointer,
            block.place_in_words(),
            block.at
        );
        format!("     {}\n", clean(&line))
    });
    blocks.collect()
}
