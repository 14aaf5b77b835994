//! Text in HTML.

use ramscope_time::Instant;

use crate::figures::{per_cent, seconds};
use crate::style::clean;

/// Text in which nothing is markup, in elements and in quoted attributes.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text whose parts in backticks are code.
pub(super) fn prose(source: &str) -> String {
    let parts: Vec<&str> = source.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text(source);
    }
    let wrapped = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        0 => text(part),
        _ => format!("<code>{}</code>", text(part)),
    });
    wrapped.collect()
}

/// An instant as text.
pub(super) fn time(at: Instant) -> String {
    format!("<time>{}</time>", seconds(at))
}

/// A bar that is filled so far; what it shows stands beside it as a number.
pub(super) fn bar(part: u32, whole: u32, class: &str) -> String {
    let share = per_cent(part, whole).min(100);
    format!(
        "<span class=\"bar {class}\" aria-hidden=\"true\"><i style=\"width:{share}%\"></i></span>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_device_prints_is_markup() {
        assert_eq!(text("<b a='\"'>&\u{1b}"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}");
        assert_eq!(prose("in `a<b>` & c"), "in <code>a&lt;b&gt;</code> &amp; c");
        assert_eq!(prose("one ` alone"), "one ` alone");
    }
}
