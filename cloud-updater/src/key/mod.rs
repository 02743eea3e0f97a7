//! Keys of signers: the public line that travels, the encrypted file that does not, and the passphrase between.

mod external;
mod key_file;
mod passphrase;
mod public_key;
mod token;

pub use external::ExternalKey;
pub use key_file::{KeyFile, SigningKey};
pub use passphrase::{Passphrase, PassphraseFlags, PinFlags};
pub use public_key::PublicKey;
pub use token::{OpenToken, TokenKey, TokenPlace};
