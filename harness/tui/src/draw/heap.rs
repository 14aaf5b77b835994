//! The heap: a chart over time, its figures, and who owns it.

use ramscope_model::{Device, Heap, Holding, grouped};
use ramscope_wire::OwnerKind;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::draw::chart::{HeapChart, round_top};
use crate::draw::pieces::{fitted, over_rule, over_rule_to, percent, seconds, titled};
use crate::palette::Palette;
use crate::scene::Scene;

/// From this width on the lists get more room.
const WIDE: u16 = 110;
const LABEL_WIDTH: u16 = 8;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let heap = scene.device.heap();
    let body = titled(frame, area, &title(heap, scene), palette);
    let rule = Rect { height: 1, ..area };
    let (figures, owners) = if area.width < WIDE { (21, 26) } else { (28, 36) };
    let [chart, _, figures, _, owners, _] = Layout::horizontal([
        Constraint::Fill(1),
        Constraint::Length(2),
        Constraint::Length(figures),
        Constraint::Length(3),
        Constraint::Length(owners),
        Constraint::Length(1),
    ])
    .areas(body);
    if heap.sampled_at.is_none() {
        frame.render_widget(Span::styled(" no sample yet", palette.quiet()), chart);
        return;
    }
    draw_chart(frame, chart, heap, scene, palette);
    over_rule_to(frame, rule, figures.right() - area.x, "bytes", palette.quiet());
    draw_figures(frame, figures, scene.device, palette);
    draw_owners(frame, owners, rule, scene.device, palette);
}

fn title(heap: &Heap, scene: &Scene<'_>) -> String {
    let last = scene.device.collections().list.last();
    let collected = last.map_or_else(String::new, |last| format!("; {}", last.sentence()));
    match heap.used_series.points().first() {
        Some(first) => {
            format!("heap, {} to {}{collected}", seconds(first.from), seconds(scene.now))
        }
        None => "heap".to_owned(),
    }
}

fn draw_chart(frame: &mut Frame<'_>, area: Rect, heap: &Heap, scene: &Scene<'_>, palette: Palette) {
    let [labels, _, plot] = Layout::horizontal([
        Constraint::Length(LABEL_WIDTH),
        Constraint::Length(1),
        Constraint::Fill(1),
    ])
    .areas(area);
    let top = round_top(heap.peak);
    let chart = HeapChart {
        used: heap.used_series.points(),
        peak: heap.peak_series.points(),
        from: heap.used_series.points().first().map_or(scene.now, |point| point.from),
        to: scene.now,
        top,
        palette,
    };
    frame.render_widget(chart, plot);
    for (row, value) in [(0, top), (area.height / 2, top / 2), (area.height - 1, 0)] {
        let label = Line::styled(grouped(value.into()), palette.quiet()).right_aligned();
        frame.render_widget(label, Rect::new(labels.x, labels.y + row, labels.width, 1));
    }
}

fn draw_figures(frame: &mut Frame<'_>, area: Rect, device: &Device, palette: Palette) {
    let heap = device.heap();
    let fragmented = device.heap_layout().shape().map_or(0, |shape| shape.fragmented);
    let figures = [
        ("used", heap.used, palette.used()),
        ("peak", heap.peak, palette.peak()),
        ("free", heap.free, Style::new()),
        ("largest free", heap.largest_free, Style::new()),
        ("fragmented", fragmented, Style::new()),
        ("total", heap.total, Style::new()),
        ("quarantined", heap.quarantined, palette.doubt()),
    ];
    let shown = figures
        .into_iter()
        .filter(|(name, bytes, _)| !["quarantined", "fragmented"].contains(name) || *bytes > 0);
    for (row, (name, bytes, style)) in area.rows().zip(shown) {
        let mut line = Line::from(Span::styled(format!("{name:<12}"), style));
        line.push_span(format!("{:>9}", grouped(bytes.into())));
        let share = percent(bytes, heap.total).filter(|_| name != "total");
        if let Some(share) = share.filter(|_| area.width > 21) {
            line.push_span(Span::styled(format!(" {share:>4} %"), palette.quiet()));
        }
        frame.render_widget(line, row);
    }
}

/// An owner of heap blocks.
struct Share<'a> {
    name: String,
    heap: &'a Holding,
}

fn draw_owners(frame: &mut Frame<'_>, area: Rect, rule: Rect, device: &Device, palette: Palette) {
    let name_width = usize::from(area.width) - 16;
    let column = area.x - rule.x;
    let heading = [Span::styled("owner", palette.quiet())];
    over_rule(frame, rule, column - 1, &heading);
    over_rule_to(frame, rule, column + area.width - 8, "now", palette.quiet());
    over_rule_to(frame, rule, column + area.width, "peak", palette.quiet());
    for (row, share) in area.rows().zip(owners(device, usize::from(area.height))) {
        let name = fitted(&share.name, name_width);
        let now = grouped(share.heap.current.into());
        let peak = grouped(share.heap.peak.into());
        let line = Line::from(vec![
            Span::raw(format!("{name:<name_width$}{now:>8}")),
            Span::styled(format!("{peak:>8}"), palette.quiet()),
        ]);
        frame.render_widget(line, row);
    }
}

/// The owners with the highest peaks, as many as there is room for, in the order in which they came
/// to be: so no row jumps when a figure changes.
fn owners(device: &Device, count_max: usize) -> Vec<Share<'_>> {
    let units = device.live_units().map(|unit| Share { name: unit.name.clone(), heap: &unit.heap });
    let kept_back = device.units().iter().filter(|unit| unit.is_over());
    let kept_back = kept_back
        .filter(|unit| unit.heap.current > 0)
        .map(|unit| Share { name: format!("{} (ended)", unit.name), heap: &unit.heap });
    let others = device.owners().map(|owner| Share {
        name: match owner.kind {
            OwnerKind::Kernel | OwnerKind::Permanent => owner.kind.to_string(),
            kind => format!("{kind} {}", owner.unit),
        },
        heap: &owner.heap,
    });
    let mut owners: Vec<_> = others.chain(units).chain(kept_back).collect();
    owners.retain(|share| share.heap.peak > 0);
    let mut peaks: Vec<u32> = owners.iter().map(|share| share.heap.peak).collect();
    peaks.sort_unstable_by(|a, b| b.cmp(a));
    let least = peaks.get(count_max.saturating_sub(1)).copied().unwrap_or(0);
    owners.retain(|share| share.heap.peak >= least);
    owners
}
