//! Collections: begun and ended, and what they found.

use ramscope_time::Instant;
use ramscope_wire::{
    CollectBegan, CollectEnded, CollectKept, CollectResumed, CollectSample, ObjectKind,
};

use crate::device::{Device, KeptBlock, ResumedUnit, What};
use crate::finding::Detail;

impl Device {
    pub(super) fn begin_collection(&mut self, at: Instant, began: &CollectBegan) {
        let unit = self.name_of(began.unit);
        self.collections.begin(at, self.boot.index, began, unit);
    }

    pub(super) fn end_collection(&mut self, at: Instant, ended: &CollectEnded) {
        self.collections.end(at, self.boot.index, ended);
        let did = ended.blocks > 0 || ended.units > 0 || ended.modules > 0;
        if did {
            let boot = self.boot.index;
            let sentence = self.collections.of(at, boot, ended.collection).sentence();
            self.log.push(at, What::Collected { sentence });
        }
    }

    pub(super) fn note_resumed(&mut self, at: Instant, resumed: &CollectResumed) {
        let CollectResumed { unit, kind, bytes, .. } = *resumed;
        let place = self.place_in_words(resumed.site);
        let place = place.map_or_else(String::new, |place| format!(" at {place}"));
        let waited_for = match kind {
            ObjectKind::Thread => format!("the end of a thread{place}"),
            _ => format!("{kind} `{}`{place}", self.name_of_object(resumed.object)),
        };
        let name = self.name_of(unit);
        let boot = self.boot.index;
        self.collections.of(at, boot, resumed.collection).resumed.push(ResumedUnit {
            unit: name,
            waited_for: waited_for.clone(),
            bytes,
        });
        self.find(at, Some(unit), Detail::Unreachable { waited_for, bytes });
    }

    pub(super) fn note_kept(&mut self, at: Instant, kept: &CollectKept) {
        let boot = self.boot.index;
        let is_known = self.collections.knows(boot, kept);
        let holder = KeptBlock::has_holder(kept).then(|| self.name_of(kept.holder));
        let block = KeptBlock {
            owner: self.name_of(kept.owner),
            block: kept.block,
            bytes: kept.bytes,
            at: kept.at,
            pointer: kept.pointer,
            place: kept.place,
            holder,
        };
        if !is_known {
            self.find(at, Some(kept.owner), Detail::Kept { block: block.clone() });
        }
        self.collections.of(at, boot, kept.collection).kept.push(block);
    }

    pub(super) fn sample_collections(&mut self, at: Instant, sample: &CollectSample) {
        let losses = self.losses.serial();
        self.collections.sample(at, losses, sample);
        if let Some(window) = self.window_of(at, sample.window) {
            window.sample_collections(at, losses, sample);
        }
    }
}
