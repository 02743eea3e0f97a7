//! What the image brings: its seed, and the keyrings that it was provisioned with, proven before anything is made of
//! them.

use bundle::{ChannelId, Envelope, Keyring, Seed, VerifyError};
use store::KeyringBytes;

use crate::{
    Configuration, StartError,
    content::{Content, Place},
    start::{replace_keyring, saturated},
};

/// The image's seed, checked once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeedContent<'w> {
    pub(crate) content: Content,
    pub(crate) manifest_document: &'w [u8],
    pub(crate) blobs: &'w [u8],
    pub(crate) keyring_document: &'w [u8],
}

/// What an image brings, proven.
pub(crate) struct Image<'w> {
    pub(crate) seed: Option<SeedContent<'w>>,
    /// True where the journal is of another channel or fleet, and counts for nothing.
    pub(crate) is_foreign: bool,
    /// Its keyring, where it is newer than the journal's.
    pub(crate) newer_keyring: Option<KeyringBytes>,
}

impl<'w> SeedContent<'w> {
    fn open(file: &'w [u8], channel: ChannelId) -> Result<Self, VerifyError> {
        let seed = Seed::parse(file)?;
        let (_, manifest) = seed.open(channel)?;
        let lengths = (seed.manifest_document.len(), seed.blobs.len());
        let content = Content {
            order: manifest.order(),
            digest: manifest.digest(),
            issued_at: manifest.header().issued_at,
            committed_at: None,
            document_bytes: saturated(lengths.0),
            total_bytes: saturated(lengths.0.saturating_add(lengths.1)),
            place: Place::Seed,
        };
        let Seed { keyring_document, manifest_document, blobs } = seed;
        Ok(Self { content, manifest_document, blobs, keyring_document })
    }

    /// Copies a part of manifest and certificates; `None` past the end.
    pub(crate) fn copy(&self, offset: u32, into: &mut [u8]) -> Option<()> {
        let offset = usize::try_from(offset).ok()?;
        let end = offset.checked_add(into.len())?;
        if end > self.manifest_document.len().checked_add(self.blobs.len())? {
            return None;
        }
        let bytes = self.manifest_document.iter().chain(self.blobs).skip(offset);
        into.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Some(())
    }
}

impl<'w> Image<'w> {
    // On a small board the stack of a start is the deepest of all: what verifies stands in frames of its own, and none
    // of them is below an engine in the making.

    /// Verifies the seed, and finds the newest keyring of journal, seed and provisioning.
    #[inline(never)]
    pub(crate) fn prove(
        configuration: &Configuration<'w>,
        record: &store::Record,
    ) -> Result<Self, StartError> {
        let seed = open_image(configuration)?;
        let documents = [seed.map(|seed| seed.keyring_document), configuration.keyring];
        let is_foreign = is_foreign(configuration, documents, record);
        let kept = if is_foreign { &[] } else { record.keyring.as_bytes() };
        let mut newer_keyring = None;
        let newest = newest_keyring(documents, kept).map_err(|error| match error {
            // What the store has does not count, and the image has nothing: the store is why.
            StartError::KeyringMissing if is_foreign => StartError::StoreOfOtherChannel,
            error => error,
        })?;
        if let Some(document) = newest {
            replace_keyring(&mut newer_keyring, document).ok_or(StartError::KeyringMissing)?;
        }
        Ok(Self { seed, is_foreign, newer_keyring })
    }
}

#[inline(never)]
fn open_image<'w>(configuration: &Configuration<'w>) -> Result<Option<SeedContent<'w>>, StartError> {
    let length = configuration.device.len();
    if length == 0 || length > bundle::limits::DEVICE_ID_BYTES_MAX || configuration.channel.is_empty() {
        return Err(StartError::Identity);
    }
    let channel = ChannelId::of(configuration.channel);
    let open = |file| SeedContent::open(file, channel).map_err(StartError::Seed);
    configuration.seed.map(open).transpose()
}

/// True where the journal is of another channel, or of another fleet: two keyrings of one order have no common future.
#[inline(never)]
fn is_foreign(
    configuration: &Configuration<'_>,
    of_image: [Option<&[u8]>; 2],
    record: &store::Record,
) -> bool {
    let kept = record.keyring.as_bytes();
    let order = Keyring::order_of(kept).ok();
    let is_other = |document| {
        let envelope = Envelope::parse_whole(document).ok()?;
        let is_same = envelope.header_bytes().iter().chain(envelope.body()).eq(kept);
        // Signatures are checked last, and only where the answer hangs on them.
        let may_be = !is_same && Some(envelope.header().order) == order;
        Some(may_be && Keyring::provisioned(document).is_ok())
    };
    record.channel.is_some_and(|of_store| of_store != ChannelId::of(configuration.channel))
        || of_image.into_iter().flatten().any(|document| is_other(document) == Some(true))
}

/// The newest keyring document of an image, that of its seed or the provisioned one; `None` where the kept keyring is not
/// older. The seed was proven with the keyring in it: that one is not proven once more.
#[inline(never)]
fn newest_keyring<'w>(
    [of_seed, provisioned]: [Option<&'w [u8]>; 2],
    kept: &[u8],
) -> Result<Option<&'w [u8]>, StartError> {
    let of_seed =
        of_seed.map(|document| Envelope::parse_whole(document).map(|it| (document, it.header().order)));
    let provisioned =
        provisioned.map(|document| Keyring::provisioned(document).map(|it| (document, it.order())));
    let of_seed = of_seed.transpose().map_err(|error| StartError::Keyring(error.into()))?;
    let provisioned = provisioned.transpose().map_err(StartError::Keyring)?;
    let mut order = Keyring::order_of(kept).ok();
    let mut newest = None;
    for (document, its) in [of_seed, provisioned].into_iter().flatten() {
        if order.is_none_or(|order| its > order) {
            (newest, order) = (Some(document), Some(its));
        }
    }
    order.map(|_| newest).ok_or(StartError::KeyringMissing)
}
