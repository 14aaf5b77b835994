//! The format as a product: its vectors, what damage does to them, stored corpora, properties.
#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod corpus;
mod damage;
mod properties;
mod scripts;
mod stream;
mod vectors;
