//! How types of others are written into a serialised run: exactly, in any format of serde.

/// Spans and optional spans as whole picoseconds.
pub(crate) mod span {
    use ramscope_time::Span;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(span: &Span, to: S) -> Result<S::Ok, S::Error> {
        span.as_picos().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        u64::deserialize(from).map(Span::from_picos)
    }
}

/// Optional spans as optional whole picoseconds.
pub(crate) mod optional_span {
    use ramscope_time::Span;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(span: &Option<Span>, to: S) -> Result<S::Ok, S::Error> {
        span.map(Span::as_picos).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Span>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Span::from_picos))
    }
}

/// Spans by step index, as pairs of index and whole picoseconds.
pub(crate) mod spans_by_step {
    use ramscope_time::Span;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    pub(crate) fn serialize<S: Serializer>(
        spans: &BTreeMap<usize, Span>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(spans.iter().map(|(step, span)| (*step, span.as_picos())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<usize, Span>, D::Error> {
        let pairs = Vec::<(usize, u64)>::deserialize(from)?;
        Ok(pairs.into_iter().map(|(step, picos)| (step, Span::from_picos(picos))).collect())
    }
}

/// Numbers as text, because JSON has no NaN and no infinity.
pub(crate) mod number {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{number:?}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no number")))
    }
}
