//! What the device says about its memory, its source and its objects.

use ramscope_wire::{Object as ObjectRecord, ObjectId, Region, Site};

use crate::device::apply::push_bounded;
use crate::device::{Device, MemoryRegion, Object, SourcePlace};

impl Device {
    pub(super) fn add_region(&mut self, region: &Region<'_>) {
        let known = |other: &MemoryRegion| {
            (other.base, other.bytes, other.kind) == (region.base, region.bytes, region.kind)
        };
        if self.regions.iter().any(known) {
            return;
        }
        let region = MemoryRegion {
            base: region.base,
            bytes: region.bytes,
            kind: region.kind,
            name: region.name.to_owned(),
        };
        push_bounded(&mut self.regions, region, &mut self.forgotten);
        self.regions.sort_by_key(|region| (region.base, region.bytes));
    }

    pub(super) fn add_site(&mut self, site: &Site<'_>) {
        if self.sites.len() == Self::LIST_MAX && !self.sites.contains_key(&site.id) {
            self.forgotten += 1;
            return;
        }
        let place = SourcePlace { file: site.file.to_owned(), line: site.line };
        self.sites.insert(site.id, place);
    }

    pub(super) fn name_object(&mut self, record: &ObjectRecord<'_>) {
        if let Some(object) = self.object_mut(record.object) {
            object.name = record.name.to_owned();
            object.kind = record.kind;
            object.owner = record.owner;
        }
    }

    pub(super) fn object_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        if id == ObjectId::NONE {
            return None;
        }
        if self.objects.len() == Self::LIST_MAX && !self.objects.contains_key(&id) {
            self.forgotten += 1;
            return None;
        }
        let object = self.objects.entry(id);
        Some(object.or_insert_with(|| Object::unannounced(id)))
    }
}
