//! All keyring generations of a fleet, each checked against the one before, exactly as a device would.

use std::fs;
use std::path::Path;

use bundle::write::Unsigned;
use bundle::{Authentic, ChannelId, Envelope, Keyring, Kind, Order, Sha256, VerifyError};

use crate::repository::Layout;
use crate::{Error, input};

/// Bytes of one keyring file: a recovery set and a keyring with full signature tables.
const FILE_BYTES_MAX: u64 = 65_536;

/// The generations, oldest first.
#[derive(Clone, Debug, Default)]
pub struct KeyringChain {
    generations: Vec<Generation>,
}

/// One generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Recovery epoch and version.
    pub order: Order,
    /// The file `keyring/<n>`: the recovery set where it is shown, then the keyring.
    pub file: Vec<u8>,
    /// The keyring document alone.
    pub document: Vec<u8>,
}

impl Generation {
    /// Reads the keyring; it was checked when it entered the chain.
    ///
    /// # Errors
    /// Never for a generation of a [`KeyringChain`].
    pub fn keyring(&self) -> Result<Keyring<'_>, Error> {
        Keyring::provisioned(&self.document)
            .map_err(|error| Error::bug("a checked keyring is unreadable").because(error))
    }
}

impl KeyringChain {
    /// Reads and checks the generations in a repository.
    ///
    /// # Errors
    /// Exit code 3 or 4 with the file at fault.
    pub fn read(layout: &Layout) -> Result<Self, Error> {
        let mut chain = Self::default();
        for number in numbered_files(&layout.keyrings())? {
            let path = layout.keyring(number);
            let label = layout.label(&path);
            let file =
                input::read(&path, FILE_BYTES_MAX, "a keyring").map_err(|error| error.place(&label))?;
            chain.push(file).map_err(|error| error.place(&label))?;
            if chain.newest_order().map(|order| order.number) != Some(number) {
                let message = "holds a keyring with another number than the file's name";
                return Err(Error::input("keyring_number", message).place(label));
            }
        }
        Ok(chain)
    }

    /// Adds the next generation, as a device accepts it.
    ///
    /// # Errors
    /// Exit code 4 where signatures do not suffice, 3 for everything else that is wrong.
    pub fn push(&mut self, file: Vec<u8>) -> Result<(), Error> {
        let generation = match self.generations.last() {
            None => {
                let document = match Envelope::parse(&file) {
                    Ok((first, rest)) if first.header().kind == Kind::Recovery => rest.to_vec(),
                    _ => file.clone(),
                };
                let order = Keyring::provisioned(&document).map_err(|error| refused(&error))?.order();
                Generation { order, file, document }
            }
            Some(last) => {
                let keyring = last.keyring()?;
                let accepted = keyring.accept(&file).map_err(|error| refused(&error))?;
                if !accepted.rest.is_empty() {
                    return Err(Error::input("trailing_bytes", "is followed by bytes that do not belong"));
                }
                let (order, document) = (accepted.keyring.order(), accepted.document.to_vec());
                Generation { order, document, file }
            }
        };
        self.generations.push(generation);
        Ok(())
    }

    /// The generations, oldest first.
    #[must_use]
    pub fn generations(&self) -> &[Generation] {
        &self.generations
    }

    /// The digest of the document of generation `number`.
    #[must_use]
    pub fn digest(&self, number: u32) -> Option<Sha256> {
        let generation = self.generations.iter().find(|generation| generation.order.number == number)?;
        Envelope::parse_whole(&generation.document).ok().map(|envelope| envelope.digest())
    }

    /// The generation in force.
    ///
    /// # Errors
    /// Exit code 2 where the fleet has no keyring yet.
    pub fn newest(&self) -> Result<&Generation, Error> {
        self.generations.last().ok_or_else(|| {
            Error::usage("no_keyring", "this fleet has no keyring yet")
                .hint("name the keys of each role in fleet.toml, then: cloud-updater keyring draft")
        })
    }

    /// Recovery epoch and version of the generation in force.
    #[must_use]
    pub fn newest_order(&self) -> Option<Order> {
        self.generations.last().map(|generation| generation.order)
    }

    /// Checks a document's signatures under the newest generation that verifies it: old releases stay readable
    /// to their author after their signers' keys left the keyring.
    ///
    /// # Errors
    /// Exit code 4 where no generation verifies it; the reason is the newest one's.
    pub fn verify<'a>(&self, envelope: &Envelope<'a>, channel: ChannelId) -> Result<Authentic<'a>, Error> {
        let mut failure: Option<VerifyError> = None;
        for generation in self.generations.iter().rev() {
            match envelope.verify(&generation.keyring()?, channel) {
                Ok(authentic) => return Ok(authentic),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let error = Error::signatures("unverified", "verifies under no keyring of this fleet");
        Err(match failure {
            Some(failure) => error.because(failure),
            None => error,
        })
    }

    /// The document of the next generation, with these signatures, as a file of the tree.
    ///
    /// # Errors
    /// Exit code 3 where the signatures do not fit.
    pub fn assemble(
        recovery: &[u8],
        unsigned: &Unsigned,
        signatures: &[bundle::write::Signature],
    ) -> Result<Vec<u8>, Error> {
        let document = unsigned.assemble(signatures).map_err(|error| {
            Error::input("signatures", "the signatures do not fit one document").because(error)
        })?;
        let recovery = (!recovery.is_empty()).then_some(recovery);
        Ok(bundle::write::keyring_file(recovery, &document))
    }
}

fn refused(error: &VerifyError) -> Error {
    let built = match error {
        VerifyError::Threshold { .. } => {
            Error::signatures("keyring_threshold", "has too few valid signatures")
        }
        _ => Error::input("keyring_refused", "is a keyring that devices would refuse"),
    };
    built.because(*error)
}

/// The files of a folder whose names are numbers from 1 on, ascending; none where the folder does not exist.
pub(crate) fn numbered_files(folder: &Path) -> Result<Vec<u32>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", folder, error)),
        Ok(entries) => entries,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| Error::io("list", folder, error))?.file_name();
        let text = name.to_string_lossy();
        let number = text.parse::<u32>().ok().filter(|number| *number > 0 && number.to_string() == text);
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}
