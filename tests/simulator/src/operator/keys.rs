//! Who holds keys, and key files as `cloud-updater key new` writes them. Every secret is made of its holder's name: the
//! same in every run, and protecting nothing.

use bundle::Sha256;
use ed25519_dalek::SigningKey;
use pkcs8::{
    EncryptedPrivateKeyInfoOwned, SecretDocument,
    der::{asn1::OctetString, pem::LineEnding},
    pkcs5::{pbes2, scrypt},
};

/// The passphrase of every key file.
pub(super) const PASSPHRASE: &str = "correct horse battery staple";
/// What stands in front of the 32 secret bytes of an Ed25519 key in PKCS#8 (RFC 8410 §7).
const PKCS8_HEADER: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Who holds a key: the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(pub String);

/// The holders of every role.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    pub(super) people: Vec<Holder>,
    pub(super) heads: Vec<Holder>,
    pub(super) recoveries: Vec<Holder>,
}

impl Holder {
    fn named(name: &str, generation: u32) -> Self {
        Self(if generation == 0 { name.to_owned() } else { format!("{name}-{generation}") })
    }

    fn several(names: &[&str], generation: u32) -> Vec<Self> {
        names.iter().map(|name| Self::named(name, generation)).collect()
    }

    /// Who may sign keyrings and releases.
    fn people(generation: u32) -> Vec<Self> {
        Self::several(&["alice", "bob", "carol"], generation)
    }

    /// Who signs keyrings and releases: two of three.
    pub(super) fn signers(generation: u32) -> Vec<Self> {
        Self::several(&["alice", "bob"], generation)
    }

    /// Who signs heads.
    pub(super) fn head(generation: u32) -> Self {
        Self::named("head", generation)
    }

    /// Who opens the next epoch: two of three.
    pub(super) fn recoverers(generation: u32) -> Vec<Self> {
        Self::several(&["recovery-a", "recovery-b"], generation)
    }

    /// The roles of one generation throughout.
    pub(super) fn all(generation: u32) -> Roles {
        Self::assigned(generation, generation, generation)
    }

    /// The roles after a recovery.
    pub(super) fn all_from(generation: u32, heads: u32) -> Roles {
        Self::assigned(generation, heads, generation)
    }

    /// The roles, each with its own generation of keys.
    pub(super) fn assigned(people: u32, heads: u32, recoveries: u32) -> Roles {
        Roles {
            people: Self::people(people),
            heads: Self::several(&["head", "head-spare"], heads),
            recoveries: Self::several(&["recovery-a", "recovery-b", "recovery-c"], recoveries),
        }
    }
}

impl Roles {
    pub(super) fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.people.iter().chain(&self.heads).chain(&self.recoveries)
    }
}

/// The key of this holder.
#[must_use]
pub fn secret(holder: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::of(&[b"holder of a key", holder.as_bytes()]).0)
}

/// A key as PKCS#8 in DER.
pub(crate) fn pkcs8(secret: &SigningKey) -> Vec<u8> {
    [&PKCS8_HEADER[..], &secret.to_bytes()].concat()
}

/// The holder's key file: encrypted as every key at rest, at the least cost that scrypt has (RFC 7914 §2).
pub(super) fn key_file(holder: &str) -> Result<String, pkcs8::Error> {
    let cost = scrypt::Params::new(1, 1, 1).map_err(|_| pkcs8::Error::ParametersMalformed)?;
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &[7; 16], [7; 16])?;
    let clear = pkcs8(&secret(holder));
    let encrypted_data = OctetString::new(parameters.encrypt(PASSPHRASE.as_bytes(), clear.as_slice())?)?;
    let info = EncryptedPrivateKeyInfoOwned { encryption_algorithm: parameters.into(), encrypted_data };
    let text = SecretDocument::try_from(info)?.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)?;
    Ok(text.to_string())
}
