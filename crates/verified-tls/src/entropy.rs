//! Randomness for one handshake: 32 bytes from outside, and as many as are needed from those.

use core::fmt;

use digest::Digest as _;
use embedded_tls::Sha256;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroize as _;

/// 32 random bytes that are used for one connection and never again.
///
/// Whoever knows them can read the connection; whoever uses them twice gives two connections the same keys. Take
/// them from the operating system or a hardware generator, fresh for each [`connect`](crate::connect).
pub struct Entropy([u8; 32]);

impl Entropy {
    /// Takes 32 fresh random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

/// Bytes from a seed: SHA-256 of the seed and a counter, block by block. It cannot fail and never blocks, and no
/// source that returns zeros for ever can keep the choice of a key from ending.
pub(crate) struct Generator {
    entropy: Entropy,
    blocks: u64,
}

impl Generator {
    pub(crate) const fn new(entropy: Entropy) -> Self {
        Self { entropy, blocks: 0 }
    }
}

impl RngCore for Generator {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        for piece in out.chunks_mut(32) {
            let block = Sha256::new().chain_update(b"verified-tls entropy").chain_update(self.entropy.0);
            let block = block.chain_update(self.blocks.to_le_bytes()).finalize();
            self.blocks = self.blocks.wrapping_add(1);
            piece.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Generator {}
