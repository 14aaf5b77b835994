//! The heap over time: who owned how much of it, and how large the largest free block was.

use ramscope_model::{Device, Holding, Judged, Point, bytes};
use ramscope_scenario::{Metric, SubjectKind};
use ramscope_time::Instant;
use ramscope_wire::UnitId;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::scale::Scale;
use super::text::text;

/// Owners with a colour of their own; the others share one.
const OWNERS_MAX: usize = 7;
/// Height of a chart in its own units.
const HEIGHT: u64 = 1_000;

/// The charts of a heap.
pub(super) struct HeapChart {
    /// Used bytes by owner.
    pub(super) used: String,
    /// The largest free block.
    pub(super) free: String,
    /// What stands beside the charts.
    pub(super) used_label: String,
    pub(super) free_label: String,
    /// Which colour is whose.
    pub(super) legend: String,
}

/// What owners of one name held at each sample.
struct Layer {
    name: String,
    peak: u64,
    values: Vec<u64>,
}

/// Nothing, if the heap was never sampled.
pub(super) fn chart(judged: &Judged, scale: Scale, columns_max: usize) -> Option<HeapChart> {
    let device = judged.feed.device();
    let heap = device.heap();
    let columns = columns(heap.used_series.points(), columns_max);
    let layers = layers(device, &columns);
    heap.sampled_at?;
    let limit = limit(judged).filter(|limit| *limit <= u64::from(heap.peak).saturating_mul(2));
    let top = u64::from(heap.peak).max(limit.unwrap_or(0)).max(1);
    Some(HeapChart {
        used: used(&layers, &columns, scale, top, (u64::from(heap.peak), limit)),
        free: free(heap.largest_free_series.points(), scale, heap.total),
        used_label: label("heap used", &format!("peak {}", bytes(heap.peak.into()))),
        free_label: label(
            "largest free",
            &format!("least {}", bytes(heap.largest_free_min.into())),
        ),
        legend: legend(&layers, limit),
    })
}

fn label(name: &str, figure: &str) -> String {
    format!("<b>{name}</b><small>{figure}</small>")
}

/// A budget on the heap's peak in the whole run.
fn limit(judged: &Judged) -> Option<u64> {
    let budgets = judged.verdict.budgets.iter();
    budgets
        .filter(|budget| budget.kind == SubjectKind::Heap && budget.metric == Metric::Peak)
        .filter(|budget| budget.id.as_str().starts_with("run/"))
        .map(|budget| budget.limit)
        .min()
}

/// A stretch from one sample, or some, to the next.
struct Column {
    from: Instant,
    to: Instant,
}

fn columns(points: &[Point], columns_max: usize) -> Vec<Column> {
    let step = points.len().div_ceil(columns_max).max(1);
    let starts: Vec<Instant> = points.iter().step_by(step).map(|point| point.from).collect();
    let ends = starts.iter().skip(1).copied().chain([Instant::from_picos(u64::MAX)]);
    starts.iter().zip(ends).map(|(&from, to)| Column { from, to }).collect()
}

/// The layers of the chart, the one with the highest peak lowest; the smallest are together.
fn layers(device: &Device, columns: &[Column]) -> Vec<Layer> {
    let mut by_name: BTreeMap<String, Layer> = BTreeMap::new();
    let units = device.units().iter().filter(|unit| unit.key.id != UnitId::KERNEL);
    let units = units.map(|unit| (unit.base_name().to_owned(), &unit.heap));
    let others = device.owners().map(|owner| (owner.kind.to_string(), &owner.heap));
    for (name, holding) in units.chain(others).filter(|(_, heap)| heap.sampled_at.is_some()) {
        let layer = by_name.entry(name.clone()).or_insert_with(|| Layer {
            name,
            peak: 0,
            values: vec![0; columns.len()],
        });
        layer.add(holding, columns);
    }
    let mut layers: Vec<Layer> = by_name.into_values().filter(|layer| layer.peak > 0).collect();
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.peak));
    if layers.len() > OWNERS_MAX {
        let rest = layers.split_off(OWNERS_MAX - 1);
        layers.push(Layer::together(&rest));
    }
    layers
}

impl Layer {
    /// Adds an owner. A sample holds until the owner's next one.
    fn add(&mut self, holding: &Holding, columns: &[Column]) {
        let points = holding.series.points();
        for (value, column) in self.values.iter_mut().zip(columns) {
            // Owners are sampled right after the heap, so their samples lie within the column.
            let until = points.partition_point(|point| point.from < column.to);
            let within = points[..until].iter().rev().take_while(|point| point.to >= column.from);
            let highest = within.map(|point| point.max).max();
            let held = highest.or_else(|| Some(points.get(until.checked_sub(1)?)?.last));
            *value += u64::from(held.unwrap_or(0));
        }
        self.peak = self.values.iter().copied().max().unwrap_or(0);
    }

    fn together(layers: &[Self]) -> Self {
        let columns = layers.first().map_or(0, |layer| layer.values.len());
        let sum = |index| layers.iter().map(|layer: &Self| layer.values[index]).sum();
        let values: Vec<u64> = (0..columns).map(sum).collect();
        let peak = values.iter().copied().max().unwrap_or(0);
        Self { name: format!("{} others", layers.len()), peak, values }
    }
}

fn y(value: u64, top: u64) -> u64 {
    HEIGHT - (value.min(top) * HEIGHT / top)
}

/// The layers one on the other, the peak and the limit as lines.
fn used(
    layers: &[Layer],
    columns: &[Column],
    scale: Scale,
    top: u64,
    (peak, limit): (u64, Option<u64>),
) -> String {
    let xs: Vec<u64> = columns.iter().map(|column| scale.x(column.from)).collect();
    let mut svg = String::new();
    let mut below = vec![0; xs.len()];
    for (index, layer) in layers.iter().enumerate() {
        let above: Vec<u64> = below.iter().zip(&layer.values).map(|(b, v)| b + v).collect();
        let path = area(&xs, &below, &above, scale.width, top);
        let name = text(&layer.name);
        let _ = write!(svg, "<path class=\"c{index}\" d=\"{path}\"><title>{name}</title></path>");
        below = above;
    }
    let line = |at: u64, class: &str| {
        format!("<path class=\"{class}\" d=\"M0 {}H{}\"/>", y(at, top), scale.width)
    };
    svg += &line(peak, "peak");
    svg += &limit.map_or_else(String::new, |limit| line(limit, "limit"));
    panel(&svg, scale)
}

/// A stepped area: each value holds up to the next place.
fn area(xs: &[u64], below: &[u64], above: &[u64], end: u64, top: u64) -> String {
    let Some(&first) = xs.first() else { return String::new() };
    let mut path = format!("M{first} {}", y(above[0], top));
    let mut last = y(above[0], top);
    for (&x, &value) in xs.iter().zip(above).skip(1) {
        let height = y(value, top);
        if height != last {
            let _ = write!(path, "H{x}V{height}");
            last = height;
        }
    }
    let mut last = y(below[below.len() - 1], top);
    let _ = write!(path, "H{end}V{last}");
    for index in (1..xs.len()).rev() {
        let height = y(below[index - 1], top);
        if height != last {
            let _ = write!(path, "H{}V{height}", xs[index]);
            last = height;
        }
    }
    path + &format!("H{first}Z")
}

/// The largest free block, of the whole heap.
fn free(points: &[Point], scale: Scale, total: u32) -> String {
    let top = u64::from(total.max(1));
    let xs: Vec<u64> = points.iter().map(|point| scale.x(point.from)).collect();
    let values: Vec<u64> = points.iter().map(|point| point.min.into()).collect();
    let path = area(&xs, &vec![0; xs.len()], &values, scale.width, top);
    panel(&format!("<path class=\"free\" d=\"{path}\"/>"), scale)
}

fn panel(content: &str, scale: Scale) -> String {
    format!(
        "<svg class=\"x\" viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\">{content}</svg>",
        scale.width
    )
}

fn legend(layers: &[Layer], limit: Option<u64>) -> String {
    let mut items: String = layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            let (name, peak) = (text(&layer.name), bytes(layer.peak));
            format!("<li><i class=\"key c{index}\"></i>{name} <small>up to {peak}</small></li>")
        })
        .collect();
    items += "<li><i class=\"key peak\"></i>peak, as the kernel counts it</li>";
    if let Some(limit) = limit {
        items += &format!("<li><i class=\"key limit\"></i>budget {}</li>", bytes(limit));
    }
    format!("<ul class=\"legend\">{items}</ul>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_up_to_the_next_sample() {
        let path = area(&[10, 20, 30], &[0, 0, 0], &[50, 50, 100], 40, 100);
        assert_eq!(path, "M10 500H30V0H40V1000H10Z");
    }

    #[test]
    fn a_layer_lies_on_the_one_below() {
        let path = area(&[0, 20], &[10, 50], &[20, 100], 40, 100);
        assert_eq!(path, "M0 800H20V0H40V500H20V900H0Z");
    }
}
