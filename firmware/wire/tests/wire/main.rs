//! The format as a product: its vectors, what damage does to them, stored corpora, properties.

mod corpus;
mod damage;
mod properties;
mod stream;
mod vectors;
