//! One block of the journal on its way from and to the medium: in pieces, because 8 KiB at a time are more than a
//! small board can spare.

use crc::{CRC_32_ISO_HDLC, Crc, Digest};

use crate::{
    Storage, StorageRead,
    limits::BLOCK_BYTES,
    storage::read_or_zeros,
    wire::{Fields, Writer},
};

/// Bytes of a block or a slot that are read or written at a time: they stand on the stack.
pub(crate) const PIECE_BYTES: usize = 4_096;

/// The tables of the CRC: one KiB where flash is short, sixteen where speed is worth them.
#[cfg(not(feature = "std"))]
type Tables = crc::Table<1>;
#[cfg(feature = "std")]
type Tables = crc::Table<16>;

/// The CRC of Ethernet and zip files; it finds torn writes, it is no defence against people.
static CRC: Crc<u32, Tables> = Crc::<u32, Tables>::new(&CRC_32_ISO_HDLC);

/// Reads a block from its start; the end of the block is the end of its fields.
pub(crate) struct BlockReader<'s, S: StorageRead> {
    storage: &'s mut S,
    /// Where the next piece is.
    at: u64,
    /// Bytes of the block behind the piece.
    left: usize,
    piece: [u8; PIECE_BYTES],
    /// Bytes of the piece that are not read yet: the last ones.
    unread: usize,
    crc: Digest<'static, u32, Tables>,
    erased: Erased,
    error: Option<S::Error>,
}

/// Whether all bytes so far are those of a medium that nobody wrote to.
#[derive(Clone, Copy)]
struct Erased {
    zeros: bool,
    ones: bool,
}

/// Writes a block from its start; nothing after the first failure.
pub(crate) struct BlockWriter<'s, S: Storage> {
    storage: &'s mut S,
    /// Where the piece goes.
    at: u64,
    piece: [u8; PIECE_BYTES],
    /// Bytes of the piece that are there.
    filled: usize,
    /// Bytes of the block so far.
    written: usize,
    crc: Digest<'static, u32, Tables>,
    error: Option<S::Error>,
}

impl<'s, S: StorageRead> BlockReader<'s, S> {
    /// A reader of the block at `at`.
    pub(crate) fn new(storage: &'s mut S, at: u64) -> Self {
        let erased = Erased { zeros: true, ones: true };
        let piece = [0; PIECE_BYTES];
        Self { storage, at, left: BLOCK_BYTES, piece, unread: 0, crc: CRC.digest(), erased, error: None }
    }

    /// The CRC of everything that was read so far.
    pub(crate) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// True where the whole block is of the zeros or the ones of a medium that nobody wrote to.
    pub(crate) fn is_erased(&mut self) -> bool {
        let may_be = |erased: Erased| erased.zeros || erased.ones;
        while self.left > 0 && may_be(self.erased) && self.next_piece().is_some() {}
        self.left == 0 && may_be(self.erased)
    }

    /// What became of it.
    ///
    /// # Errors
    /// The medium could not be read: whatever was made of the fields means nothing.
    pub(crate) fn finish(&mut self) -> Result<(), S::Error> {
        self.error.take().map_or(Ok(()), Err)
    }

    fn next_piece(&mut self) -> Option<()> {
        let length = self.left.min(PIECE_BYTES);
        let start = PIECE_BYTES.saturating_sub(length);
        let piece = self.piece.get_mut(start..).filter(|piece| !piece.is_empty())?;
        if self.error.is_some() {
            return None;
        }
        if let Err(error) = read_or_zeros(self.storage, self.at, piece) {
            self.error = Some(error);
            return None;
        }
        self.erased.zeros &= piece.iter().all(|byte| *byte == 0);
        self.erased.ones &= piece.iter().all(|byte| *byte == 0xff);
        (self.unread, self.left) = (length, self.left.saturating_sub(length));
        self.at = self.at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Some(())
    }
}

impl<S: StorageRead> Fields for BlockReader<'_, S> {
    fn fill(&mut self, into: &mut [u8]) -> Option<()> {
        let mut rest = into;
        while !rest.is_empty() {
            if self.unread == 0 {
                self.next_piece()?;
            }
            let length = self.unread.min(rest.len());
            let start = PIECE_BYTES.saturating_sub(self.unread);
            let bytes = self.piece.get(start..)?.get(..length)?;
            let (filled, others) = rest.split_at_mut_checked(length)?;
            filled.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            self.crc.update(bytes);
            self.unread = self.unread.saturating_sub(length);
            rest = others;
        }
        Some(())
    }
}

impl<'s, S: Storage> BlockWriter<'s, S> {
    /// A writer over the block at `at`.
    pub(crate) fn new(storage: &'s mut S, at: u64) -> Self {
        let piece = [0; PIECE_BYTES];
        Self { storage, at, piece, filled: 0, written: 0, crc: CRC.digest(), error: None }
    }

    /// The CRC of everything so far.
    pub(crate) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Bytes so far.
    pub(crate) const fn written(&self) -> usize {
        self.written
    }

    /// Zeros up to the end of the block.
    ///
    /// # Errors
    /// The medium failed: the block is torn.
    pub(crate) fn finish(&mut self) -> Result<(), S::Error> {
        self.zeros(BLOCK_BYTES.saturating_sub(self.written));
        self.error.take().map_or(Ok(()), Err)
    }

    fn put_piece(&mut self) {
        let piece = self.piece.get(..self.filled).unwrap_or_default();
        if self.error.is_none() {
            self.error = self.storage.write(self.at, piece).err();
        }
        self.at = self.at.saturating_add(u64::try_from(self.filled).unwrap_or(u64::MAX));
        self.filled = 0;
    }
}

impl<S: Storage> Writer for BlockWriter<'_, S> {
    fn put(&mut self, field: &[u8]) {
        let mut rest = field;
        while !rest.is_empty() {
            let room = self.piece.get_mut(self.filled..).unwrap_or_default();
            let length = room.len().min(rest.len());
            let (bytes, others) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            self.crc.update(bytes);
            self.filled = self.filled.saturating_add(length);
            self.written = self.written.saturating_add(length);
            rest = others;
            if self.filled >= PIECE_BYTES {
                self.put_piece();
            }
        }
    }
}
