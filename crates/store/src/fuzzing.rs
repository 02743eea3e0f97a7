//! The journal's codec by itself, for fuzz targets: everybody else opens a [`Store`](crate::Store).

use std::vec::Vec;

use crate::{
    Record, Storage as _,
    codec::{self, Block},
    fault::{Injected, Medium},
    limits::BLOCK_BYTES,
};

/// The record in a block that is whole and of this version's format.
///
/// # Errors
/// The medium in memory has no faults, so never.
pub fn decode(block: &[u8; BLOCK_BYTES]) -> Result<Option<Record>, Injected> {
    let (mut medium, mut record) = (Medium::new(BLOCK_BYTES), Record::default());
    medium.write(0, block)?;
    let found = codec::decode(&mut medium, 0, &mut record)?;
    Ok(matches!(found, Block::Whole(_)).then_some(record))
}

/// A block with this record.
///
/// # Errors
/// As [`decode`].
pub fn encode(record: &Record) -> Result<Vec<u8>, Injected> {
    let mut medium = Medium::new(BLOCK_BYTES);
    codec::encode(&mut medium, 0, record)?;
    Ok(medium.bytes().to_vec())
}
