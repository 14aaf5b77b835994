//! The hash of the device part: SHA-256, printed as hex.
//!
//! Each stream is hashed by itself, as the sequence of `instant: u64, length: u64, bytes` with all
//! bytes of one instant together; the hash of the whole is over `code: u8, hash of the stream` of
//! all streams that hold anything, by rising code. So the order in which streams were polled at an
//! instant does not matter, nor does how often. All numbers are little-endian.

use core::fmt;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::stream::{Chunk, Stream};

/// What the hashed bytes begin with, so that another way of hashing cannot give the same.
const DOMAIN: &[u8] = b"ramscope device part 1\n";

/// The hash of a capture's device part without the observer stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceHash(pub [u8; 32]);

impl DeviceHash {
    pub(crate) fn of(chunks: &[Chunk]) -> Self {
        let mut streams: BTreeMap<u8, Vec<&Chunk>> = BTreeMap::new();
        for chunk in chunks.iter().filter(|chunk| chunk.stream != Stream::Observer) {
            streams.entry(chunk.stream.code()).or_default().push(chunk);
        }
        let mut whole = Sha256::new_with_prefix(DOMAIN);
        for (code, chunks) in streams {
            whole.update([code]);
            whole.update(hash_of_stream(&chunks));
        }
        Self(whole.finalize().into())
    }
}

fn hash_of_stream(chunks: &[&Chunk]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for at_one_instant in chunks.chunk_by(|a, b| a.instant == b.instant) {
        let length: u64 = at_one_instant.iter().map(|chunk| chunk.bytes.len() as u64).sum();
        hash.update(at_one_instant[0].instant.as_picos().to_le_bytes());
        hash.update(length.to_le_bytes());
        for chunk in at_one_instant {
            hash.update(&chunk.bytes);
        }
    }
    hash.finalize().into()
}

impl fmt::Display for DeviceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
