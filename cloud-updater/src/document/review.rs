//! Reading a document that nobody has signed yet, so that its author and its signers see what it says.
//!
//! The format decodes only what is authentic, by type. A review asks for the content all the same, before there
//! is anything to believe: it signs the document with a key made for this one look, under a keyring made for this
//! one key, and throws both away. So the same code reads the draft that devices will read the release with, and
//! whatever they would refuse is refused here. A review proves nothing about who wrote the draft.

use bundle::write::{KeyContent, KeyringContent, ManifestContent, RoleContent, Unsigned};
use bundle::{
    ChannelId, Document as _, Envelope, Header, Keyring, Kind, Manifest, Order, Role, Sha256, UnixSeconds,
};

use crate::Error;
use crate::key::SigningKey;

/// A manifest that was looked at: what it says, in full.
#[derive(Clone, Debug)]
pub struct ReviewedManifest {
    /// Its header.
    pub header: Header,
    /// The digest by which heads and signatures name it.
    pub digest: Sha256,
    /// What it says.
    pub content: ManifestContent,
    /// SHA-256 and length of its certificates, in its order.
    pub blobs: Vec<(Sha256, u32)>,
}

impl ReviewedManifest {
    /// The certificates out of the release's concatenated blobs.
    ///
    /// # Errors
    /// Exit code 3 where they are not the ones that the manifest names.
    pub fn certificates<'b>(&self, blobs: &'b [u8]) -> Result<Vec<(Sha256, &'b [u8])>, Error> {
        let damaged = || Error::input("blobs", "the certificates are not those of the manifest");
        let mut rest = blobs;
        let mut found = Vec::new();
        for (sha256, length) in &self.blobs {
            let length = usize::try_from(*length).map_err(|_| damaged())?;
            let (certificate, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
            if Sha256::of(&[certificate]) != *sha256 {
                return Err(damaged());
            }
            found.push((*sha256, certificate));
            rest = after;
        }
        if rest.is_empty() { Ok(found) } else { Err(damaged()) }
    }
}

/// Reads a manifest or a revoke-all, signed or not.
///
/// # Errors
/// Exit code 3: what a device would refuse, or what this version cannot show in full.
pub fn review_manifest(document: &[u8]) -> Result<ReviewedManifest, Error> {
    let envelope = Envelope::parse_whole(document).map_err(|error| malformed().because(error))?;
    if !matches!(envelope.header().kind, Kind::Manifest | Kind::RevokeAll) {
        return Err(Error::input(
            "document_kind",
            format!("is a {}, not a manifest", envelope.header().kind),
        ));
    }
    let key = SigningKey::for_one_review()?;
    let keyring = keyring_for(&key, envelope.header())?;
    let unsigned = Unsigned::of(&envelope);
    let signed = assemble(&unsigned, &key)?;
    let refused = |error: bundle::VerifyError| malformed().because(error);
    let keyring = Keyring::provisioned(&keyring)
        .map_err(|error| Error::bug("a review has no keyring").because(error))?;
    let signed = Envelope::parse_whole(&signed)
        .map_err(|error| Error::bug("a review cannot be read").because(error))?;
    let authentic = signed.verify(&keyring, envelope.header().channel).map_err(refused)?;
    let manifest = Manifest::decode(authentic).map_err(|error| refused(error.into()))?;
    let content = ManifestContent::of(&manifest);
    if content.encode() != envelope.body() {
        // What a signer sees must be what is signed, all of it.
        let error = Error::input("unknown_content", "holds something that this version cannot show");
        return Err(error.hint("review it with the version of cloud-updater that drafted it"));
    }
    let blobs = manifest.blobs().collect();
    Ok(ReviewedManifest { header: *envelope.header(), digest: unsigned.digest(), content, blobs })
}

/// What a keyring document says, signed or not; the caller shows it or signs it, and believes nothing.
///
/// # Errors
/// Exit code 3: what a device would refuse.
pub fn keyring_content(document: &[u8]) -> Result<KeyringContent, Error> {
    let envelope = Envelope::parse_whole(document).map_err(|error| malformed().because(error))?;
    let header_and_body = [envelope.header_bytes(), envelope.body()].concat();
    let keyring = Keyring::restored(&header_and_body).map_err(|error| malformed().because(error))?;
    let content = KeyringContent {
        fleet: keyring.fleet().to_owned(),
        keyring: role_content(&keyring, Role::Keyring).unwrap_or_default(),
        release: role_content(&keyring, Role::Release).unwrap_or_default(),
        head: role_content(&keyring, Role::Head).unwrap_or_default(),
        echo: role_content(&keyring, Role::Echo),
        recovery_commitment: keyring.recovery_commitment(),
        floors: keyring.floors().iter().collect(),
        time_floor: keyring.time_floor(),
    };
    if content.encode() != envelope.body() {
        let error = Error::input("unknown_content", "holds something that this version cannot show");
        return Err(error.hint("review it with the version of cloud-updater that drafted it"));
    }
    Ok(content)
}

/// Keys and threshold of one role of a keyring.
pub(super) fn role_content(keyring: &Keyring<'_>, role: Role) -> Option<RoleContent> {
    let keys = keyring.role(role)?;
    let list = keyring.keys_of(keys).map(|key| KeyContent {
        algorithm: key.algorithm,
        bytes: key.bytes.to_vec(),
        name: key.name.to_owned(),
    });
    Some(RoleContent { threshold: keys.threshold, keys: list.collect() })
}

/// A keyring in which the key of this review may sign everything.
fn keyring_for(key: &SigningKey, header: &Header) -> Result<Vec<u8>, Error> {
    let role = RoleContent { threshold: 1, keys: vec![key.public().content()] };
    let content = KeyringContent {
        fleet: "review".to_owned(),
        keyring: role.clone(),
        release: role.clone(),
        head: role,
        echo: None,
        recovery_commitment: Sha256([0; 32]),
        floors: Vec::new(),
        time_floor: None,
    };
    let order = Order::new(header.order.epoch, header.keyring_version.max(1));
    let unsigned = Unsigned::new(Kind::Keyring, ChannelId::FLEET, order, 0, UnixSeconds(0), content.encode())
        .map_err(|error| Error::bug("a review has no keyring").because(error))?;
    assemble(&unsigned, key)
}

fn assemble(unsigned: &Unsigned, key: &SigningKey) -> Result<Vec<u8>, Error> {
    let signature = key.sign(&unsigned.message());
    unsigned.assemble(&[signature]).map_err(|error| Error::bug("one signature does not fit").because(error))
}

fn malformed() -> Error {
    Error::input("malformed_document", "is not a document that devices would take")
}
