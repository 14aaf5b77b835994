//! How a heap is divided is shown wherever it was told: on the page and in Markdown.

#[path = "../../model/tests/support/recording.rs"]
mod recording;

use ramscope_capture::HowEnded;
use ramscope_model::{Judged, judge};
use ramscope_report::{Entry, Style, detail, html, markdown};
use ramscope_wire::{
    BlockState, HeapArea, HeapMark, HeapRun, HeapShape, OwnerKind, SiteHolding, SiteId, UnitId,
};
use recording::{Recording, scenario};

const BASE: u32 = 0x3fcb_0000;

/// A heap of 4 KiB: 2 KiB of a hostile name, 1 KiB free, 1 KiB of the kernel, and two marks.
fn divided() -> Judged {
    let mut device = Recording::new();
    device.thread(1, "<main>", 0x3fc8_8000, 4_096).at(100).done(0, "`ready`");
    device.heap(3_072, 3_072);
    device.record(HeapArea {
        area: 0,
        base: BASE,
        bytes: 4_096,
        used: 3_072,
        free: 1_024,
        largest_free: 896,
        used_blocks: 2,
        free_blocks: 3,
        name: "main",
    });
    device.record(HeapShape {
        free: 1_024,
        fragmented: 128,
        max_new_split: 0,
        free_of_16: [0, 0, 2, 0],
        free_of_256: [0, 1, 0, 0],
        free_of_4096: [0; 4],
        free_of_65536: [0; 4],
    });
    let pieces = [
        (0, 2_048, BlockState::Used, OwnerKind::Thread, 1),
        (2_048, 1_024, BlockState::Free, OwnerKind::Kernel, 0),
        (3_072, 1_024, BlockState::Used, OwnerKind::Kernel, 0),
    ];
    for (index, (from, bytes, state, owner_kind, unit)) in pieces.into_iter().enumerate() {
        device.record(HeapRun {
            map: 1,
            index: index as u16,
            is_last: index == 2,
            start: BASE + from,
            bytes,
            blocks: 1,
            state,
            owner_kind,
            owner: UnitId(unit),
            site: SiteId::NONE,
        });
    }
    for (mark, name, bytes) in [(1, "before", 2_048), (2, "after", 3_072)] {
        device.at(200 * u64::from(mark));
        device.record(HeapMark { mark, bytes, blocks: 1, parts: 1, name });
        device.record(SiteHolding {
            mark,
            owner_kind: OwnerKind::Thread,
            owner: UnitId(1),
            site: SiteId::NONE,
            bytes,
            blocks: 1,
        });
    }
    device.at(1_000).ends(&HowEnded::StepsDone);
    judge(&device.capture(&scenario(""))).expect("the recording has a plan")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing");
    }
}

#[test]
fn the_page_has_areas_histogram_map_and_what_changed_between_marks() {
    let page = html(&[Entry::from(divided())], "ramscope 0.1.0");
    has(
        &page,
        &[
            "128 B of 1,024 B free (12.50 %) lie outside",
            "<tr><th scope=\"row\" class=\"n\">64 B</th>",
            "<tr><th scope=\"row\" class=\"n\">512 B</th>",
            "<th scope=\"row\">main</th><td><code>0x3fcb0000</code></td>",
            "<b class=\"cell o0\">AAAA",
            "<b class=\"cell o1\">B</b></td><th scope=\"row\">kernel</th>",
            "from <code>before</code> at ",
            " to <code>after</code> at ",
            "<td class=\"n\">+1,024</td><td class=\"n\">0</td>",
        ],
    );
    assert!(!page.contains("<main> "), "a name is never markup");
}

#[test]
fn text_and_markdown_say_what_changed_between_marks_by_owner_and_place() {
    let text = detail(&divided(), Style::Plain);
    has(
        &text,
        &[
            " heap between marks\n   from `before` at 0.200 s to `after` at 0.400 s: +1,024 B, now 3,072 B",
            "+1,024       0  <main>",
        ],
    );
    let text = markdown(&[Entry::from(divided())]);
    has(&text, &["| owner | allocated at | bytes | blocks |", "| &lt;main&gt; |  | +1,024 | 0 |"]);
}

#[test]
fn markdown_has_a_row_for_each_area_and_the_fragmentation() {
    let text = markdown(&[Entry::from(divided())]);
    has(
        &text,
        &[
            "| area of the heap | size | used | free | largest free |",
            "| main | 4,096 B | 3,072 B | 1,024 B | 896 B |",
            "128 B of 1,024 B free (12.50 %)",
        ],
    );
}
