//! A key on a PKCS#11 token: `<name>.token` says where it is, the token's own module signs with it.
//!
//! The PIN is tried once and never again by itself. What the token says of earlier tries is read first: where one more
//! wrong PIN would lock it, nobody is asked. What it signs is checked against the public key before anything is kept.

use std::fmt;
use std::path::{Path, PathBuf};

use bundle::write::Signature;
use bundle::{Algorithm, KeyId};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use serde::{Deserialize, Serialize};

use super::{Passphrase, PinFlags, PublicKey};
use crate::repository::settings;
use crate::{Error, hexadecimal};

/// Bytes of an Ed25519 signature (RFC 8032 §5.1.6).
const SIGNATURE_BYTES: usize = 64;
/// What stands in front of the 32 bytes of a public key in `CKA_EC_POINT`: a DER OCTET STRING (PKCS#11 3.0 §2.3.3).
const POINT_HEADER: [u8; 2] = [0x04, 0x20];

/// Where a key is: the `.token` file beside the `.pub` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TokenPlace {
    /// The token's module: an absolute path, so that no folder that one happens to stand in brings its own.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The token's serial number, where several have one label.
    pub serial: Option<String>,
    /// The key's label.
    pub label: Option<String>,
    /// The key's `CKA_ID` as hexadecimal digits.
    pub id: Option<String>,
}

/// A key of a token that was not opened yet.
#[derive(Clone, Debug)]
pub struct TokenKey {
    public: PublicKey,
    place: TokenPlace,
    path: PathBuf,
}

/// A key that can sign, until it is dropped and the token with it.
pub struct OpenToken {
    session: Session,
    key: ObjectHandle,
    public: PublicKey,
    place: TokenPlace,
}

impl TokenPlace {
    /// Reads the file.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let place: Self = settings::read(path, &path.display().to_string())?;
        place.check().map_err(|error| error.file(path))?;
        Ok(place)
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for what this program builds.
    pub fn to_text(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::bug("a token's place cannot be written").because(error))
    }

    /// The public half of the key, which tokens show without a PIN.
    ///
    /// # Errors
    /// As [`TokenKey::open`].
    pub fn public_key(&self, name: &str) -> Result<PublicKey, Error> {
        self.check()?;
        let (module, slot, _) = self.find()?;
        let session = module.open_ro_session(slot).map_err(|error| self.failed("be opened", error))?;
        let key = self.key(&session, ObjectClass::PUBLIC_KEY)?;
        let wanted = [AttributeType::EcPoint];
        let found = session.get_attributes(key, &wanted).map_err(|error| self.failed("be read", error))?;
        let point = found.into_iter().find_map(|attribute| match attribute {
            Attribute::EcPoint(point) => Some(point),
            _ => None,
        });
        let point = point.unwrap_or_default();
        let bytes = point.strip_prefix(&POINT_HEADER).unwrap_or(&point);
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| {
            Error::input("token_key_type", format!("{self} shows a public key that is not of Ed25519"))
        })?;
        PublicKey::ed25519(bytes, name)
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |field: &str, message: &str| Err(Error::usage("token_place", message).field(field));
        if !self.module.is_absolute() {
            return wrong(
                "module",
                "is not an absolute path: whoever fills the folder would choose the code",
            );
        }
        if self.label.is_none() && self.id.is_none() {
            return wrong("label", "is missing, and so is the id: name the key by one of them");
        }
        match &self.id {
            Some(id) if decode(id).is_none() => wrong("id", "is not pairs of hexadecimal digits"),
            _ => Ok(()),
        }
    }

    /// Loads the module and finds the one token that is meant.
    fn find(&self) -> Result<(Pkcs11, Slot, TokenInfo), Error> {
        let unusable = |error: TokenError| {
            let error =
                Error::usage("token_module", "is no PKCS#11 module that can be loaded").because(error);
            error
                .file(&self.module)
                .hint("name the library that came with the token, for this machine's kind")
        };
        let module = Pkcs11::new(&self.module).map_err(unusable)?;
        module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(unusable)?;
        let slots = module.get_slots_with_initialized_token();
        let mut found = Vec::new();
        let mut others = Vec::new();
        for slot in slots.map_err(|error| self.failed("be listed", error))? {
            // A token that is pulled out while one looks is not there.
            let Ok(info) = module.get_token_info(slot) else { continue };
            let is_meant = info.label() == self.token
                && self.serial.as_ref().is_none_or(|serial| info.serial_number() == serial);
            others.push(format!("{} (serial {})", info.label(), info.serial_number()));
            found.extend(is_meant.then_some((slot, info)));
        }
        if found.len() > 1 {
            let error =
                Error::usage("token_ambiguous", format!("several tokens are called {:?}", self.token));
            return Err(error.hint(format!("give the serial: {}", others.join(", "))));
        }
        let (slot, info) = found.pop().ok_or_else(|| {
            let error = Error::usage("token_absent", format!("there is no token {:?}", self.token));
            let seen = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
            error.file(&self.module).hint(format!("plug it in; tokens that are there: {seen}"))
        })?;
        self.require_mechanism(&module, slot)?;
        Ok((module, slot, info))
    }

    /// Asked before the PIN: a token that cannot sign must not cost a try.
    fn require_mechanism(&self, module: &Pkcs11, slot: Slot) -> Result<(), Error> {
        let mechanisms = module.get_mechanism_list(slot).map_err(|error| self.failed("be asked", error))?;
        if mechanisms.contains(&MechanismType::EDDSA) {
            return Ok(());
        }
        let error = Error::usage("token_mechanism", format!("{self} cannot do EdDSA (CKM_EDDSA)"));
        Err(error.hint("CEREMONY.md lists tokens and services that can"))
    }

    /// The one object of a class that is meant.
    fn key(&self, session: &Session, class: ObjectClass) -> Result<ObjectHandle, Error> {
        let mut template = vec![Attribute::Class(class)];
        template.extend(self.label.as_ref().map(|label| Attribute::Label(label.clone().into_bytes())));
        template.extend(self.id.as_deref().and_then(decode).map(Attribute::Id));
        let found = session.find_objects(&template).map_err(|error| self.failed("be searched", error))?;
        let key = match found.as_slice() {
            [key] => *key,
            [] => {
                let error = Error::usage("token_key_missing", format!("{self} is not there"));
                return Err(error.hint("pkcs11-tool --list-objects shows what the token holds"));
            }
            _ => {
                let message = format!("{self} is {} keys", found.len());
                return Err(Error::usage("token_key_ambiguous", message).hint("name the key by its id"));
            }
        };
        let kind = session
            .get_attributes(key, &[AttributeType::KeyType])
            .map_err(|error| self.failed("be read", error))?;
        if kind == [Attribute::KeyType(KeyType::EC_EDWARDS)] {
            return Ok(key);
        }
        let error = Error::usage("token_key_type", format!("{self} is no Ed25519 key"));
        Err(error.hint("make one: pkcs11-tool --keypairgen --key-type EC:edwards25519"))
    }

    fn failed(&self, what: &str, error: TokenError) -> Error {
        let code = match &error {
            TokenError::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved, _) => "token_absent",
            _ => "token_failed",
        };
        Error::signatures(code, format!("{self} cannot {what}")).because(error)
    }
}

impl TokenKey {
    /// The key whose `.pub` and `.token` files stand at `stem` with these endings; `None` where there is no `.token`.
    ///
    /// # Errors
    /// Exit code 2 or 3 with the file at fault.
    pub fn at(stem: &Path) -> Result<Option<Self>, Error> {
        let path = stem.with_extension("token");
        if !path.is_file() {
            return Ok(None);
        }
        let place = TokenPlace::read(&path)?;
        let public = PublicKey::read(&stem.with_extension("pub"))?;
        Ok(Some(Self { public, place, path }))
    }

    /// Opens the token with its PIN, once.
    ///
    /// # Errors
    /// Exit code 2 where module, token or key are not there or are something else, 4 where the PIN is wrong or must not be
    /// tried.
    pub fn open(&self, pin: &PinFlags) -> Result<OpenToken, Error> {
        let place = &self.place;
        let (module, slot, info) = place.find().map_err(|error| error.place(self.path.display()))?;
        refuse_spent(place, &info, pin.file_for(self.public.name()).is_some())?;
        let session = module.open_ro_session(slot).map_err(|error| place.failed("be opened", error))?;
        if info.login_required() {
            self.log_in(&session, &info, pin)?;
        }
        let key = place.key(&session, ObjectClass::PRIVATE_KEY)?;
        let asks = session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]).unwrap_or_default();
        if asks == [Attribute::AlwaysAuthenticate(true)] {
            let error = Error::usage("token_always_asks", format!("{place} wants its PIN at each signature"));
            return Err(error.hint("sign with --command and a program that can do this"));
        }
        Ok(OpenToken { session, key, public: self.public.clone(), place: place.clone() })
    }

    fn log_in(&self, session: &Session, info: &TokenInfo, pin: &PinFlags) -> Result<(), Error> {
        let place = &self.place;
        let pin: Option<Passphrase> = if info.protected_authentication_path() {
            // It is typed on the token itself.
            None
        } else {
            Some(pin.pin_of(self.public.name(), info.user_pin_count_low())?)
        };
        let secret = pin.as_ref().map(|pin| AuthPin::from(String::from_utf8_lossy(pin.as_bytes()).as_ref()));
        session.login(UserType::User, secret.as_ref()).map_err(|error| {
            let hint = "it is not tried again: a wrong PIN that is tried again locks a token";
            match &error {
                TokenError::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                    Error::signatures("token_pin_wrong", format!("{place} refuses this PIN")).hint(hint)
                }
                TokenError::Pkcs11(RvError::PinLocked, _) => locked(place),
                _ => place.failed("be logged into", error).hint(hint),
            }
        })
    }
}

impl OpenToken {
    /// The id by which its signatures name it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// Has the message of a document signed.
    ///
    /// # Errors
    /// Exit code 4 where the token does not sign, or answers with something else.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, Error> {
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
        let bytes = self
            .session
            .sign(&mechanism, self.key, message)
            .map_err(|error| self.place.failed("sign", error))?;
        if bytes.len() != SIGNATURE_BYTES {
            let message =
                format!("{} answered {} bytes that are no Ed25519 signature", self.place, bytes.len());
            return Err(Error::signatures("token_failed", message));
        }
        Ok(Signature { key_id: self.id(), algorithm: Algorithm::ED25519, bytes })
    }
}

/// Refuses to try a PIN where a wrong one would lock the token, or where the one in a file probably was the wrong one.
fn refuse_spent(place: &TokenPlace, info: &TokenInfo, is_in_file: bool) -> Result<(), Error> {
    if info.user_pin_locked() {
        return Err(locked(place));
    }
    if info.user_pin_final_try() {
        let error = Error::signatures("token_final_try", format!("{place} locks at the next wrong PIN"));
        return Err(error.hint("log in once with the token's own tool, where you see what you type"));
    }
    if info.user_pin_count_low() && is_in_file {
        let message =
            format!("{place} was given a wrong PIN since it was last opened: this file's is not tried");
        let error = Error::signatures("token_pin_count_low", message);
        return Err(error.hint("check the file, and log in once with the right PIN by hand"));
    }
    Ok(())
}

fn locked(place: &TokenPlace) -> Error {
    let error =
        Error::signatures("token_locked", format!("{place} is locked: wrong PINs were tried too often"));
    error.hint("its security officer can unlock it; other signers can go on")
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let pairs: Vec<&[u8]> = text.as_bytes().chunks(2).collect();
    let byte = |pair: &&[u8]| {
        let [byte] = hexadecimal::parse::<1>(std::str::from_utf8(pair).ok()?)?;
        Some(byte)
    };
    (!pairs.is_empty()).then(|| pairs.iter().map(byte).collect::<Option<_>>()).flatten()
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.label.as_ref().or(self.id.as_ref()).map_or("?", String::as_str);
        write!(f, "the key {key:?} of the token {:?}", self.token)
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.public.id())
    }
}

impl fmt::Debug for OpenToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenToken({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Exit;

    fn place(text: &str) -> Result<TokenPlace, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.token");
        crate::durable::write_file(&path, text.as_bytes(), 0o600).unwrap();
        TokenPlace::read(&path)
    }

    #[test]
    fn a_place_reads_back_as_itself_and_every_mistake_is_named() {
        let good = "module = \"/m.so\"\ntoken = \"vault\"\nlabel = \"alice\"\nid = \"0a01\"\n";
        let read = place(good).unwrap();
        assert_eq!(place(&read.to_text().unwrap()).unwrap(), read);
        for (from, to, field) in [
            ("\"/m.so\"", "\"m.so\"", "module"),
            ("label = \"alice\"\nid = \"0a01\"\n", "", "label"),
            ("0a01", "0a0", "id"),
            ("0a01", "zz", "id"),
            ("token = \"vault\"\n", "", "token"),
            ("label", "lable", "lable"),
        ] {
            let error = place(&good.replace(from, to)).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            assert!(format!("{error:?} {error}").contains(field), "{field}: {error}");
        }
    }
}
