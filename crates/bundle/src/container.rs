//! Files that carry several documents: the seed of an image, and the USB file of an offline update.

use crate::{
    ChannelId, Document as _, Envelope, Keyring, Kind, Manifest, ParseError, ParseErrorKind, VerifyError,
    limits, wire::Reader,
};

/// First bytes of a seed.
pub(crate) const SEED_MAGIC: [u8; 4] = *b"TBSD";
/// First bytes of a USB file.
pub(crate) const USB_MAGIC: [u8; 4] = *b"TBUS";
/// Most bytes of the keyring files in a USB file: a full pack of ordinary keyrings.
pub(crate) const USB_KEYRING_BYTES_MAX: u32 = 1_048_576;

/// Keyring and release built into an image: what applications read before the first check.
#[derive(Clone, Copy, Debug)]
pub struct Seed<'a> {
    /// The keyring document.
    pub keyring_document: &'a [u8],
    /// The manifest document.
    pub manifest_document: &'a [u8],
    /// The release's blobs, in its order.
    pub blobs: &'a [u8],
}

/// Everything that an offline device needs: keyring generations, an optional head, one whole release.
#[derive(Clone, Copy, Debug)]
pub struct Usb<'a> {
    /// Keyring files one after the other, oldest first ([`Keyring::accept`] takes them one by one).
    pub keyrings: &'a [u8],
    /// The head document; without a fresh one the device installs only above its floor.
    pub head_document: Option<&'a [u8]>,
    /// The manifest document.
    pub manifest_document: &'a [u8],
    /// The release's blobs, in its order.
    pub blobs: &'a [u8],
}

impl<'a> Seed<'a> {
    /// Splits a seed; nothing is believed yet.
    ///
    /// # Errors
    /// The field at fault.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.magic(SEED_MAGIC)?;
        let keyring_document = document(&mut reader, "keyring", &[Kind::Keyring])?;
        let manifest_document = document(&mut reader, "manifest", &[Kind::Manifest, Kind::RevokeAll])?;
        Ok(Self { keyring_document, manifest_document, blobs: reader.rest() })
    }

    /// Reads keyring and release: the keyring is believed because of where the seed came from, the release by
    /// the keyring, the blobs by the release.
    ///
    /// # Errors
    /// What is wrong with the seed.
    pub fn open(&self, channel: ChannelId) -> Result<(Keyring<'a>, Manifest<'a>), VerifyError> {
        let keyring = Keyring::provisioned(self.keyring_document)?;
        let envelope = Envelope::parse_whole(self.manifest_document)?;
        let manifest = Manifest::decode(envelope.verify(&keyring, channel)?)?;
        manifest.verify_blobs(self.blobs)?;
        Ok((keyring, manifest))
    }
}

impl<'a> Usb<'a> {
    /// Splits a USB file; nothing is believed yet.
    ///
    /// # Errors
    /// The field at fault.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.magic(USB_MAGIC)?;
        let length = reader.length("keyrings_length", USB_KEYRING_BYTES_MAX)?;
        let keyrings = reader.take(length, "keyrings")?;
        let at = reader.offset();
        let head_document = match reader.u8("head_flag")? {
            0 => None,
            1 => Some(document(&mut reader, "head", &[Kind::Head])?),
            other => return Err(ParseError::new("head_flag", at, ParseErrorKind::Unknown(u32::from(other)))),
        };
        let manifest_document = document(&mut reader, "manifest", &[Kind::Manifest, Kind::RevokeAll])?;
        Ok(Self { keyrings, head_document, manifest_document, blobs: reader.rest() })
    }
}

/// The exact bytes of the document that comes next.
fn document<'a>(
    reader: &mut Reader<'a>,
    field: &'static str,
    kinds: &[Kind],
) -> Result<&'a [u8], ParseError> {
    let start = reader.offset();
    let here =
        |error: ParseError| ParseError::new(error.field, error.offset.saturating_add(start), error.kind);
    let (envelope, rest) = Envelope::parse(reader.rest()).map_err(here)?;
    let kind = envelope.header().kind;
    if !kinds.contains(&kind) {
        return Err(ParseError::new(field, start, ParseErrorKind::Unknown(u32::from(kind.to_wire()))));
    }
    let length = reader.rest().len().saturating_sub(rest.len());
    reader.take(length, field)
}

/// Most bytes of a USB file or seed around its blobs.
const _: () = assert!(limits::MANIFEST_BODY_BYTES_MAX < USB_KEYRING_BYTES_MAX);
