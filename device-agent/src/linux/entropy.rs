//! The entropy port: random bytes of the operating system.

use super::error::{Error, Exit};

/// `N` random bytes.
///
/// # Errors
/// The operating system has none to give.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Exit::Io, "entropy", "the system gives no random bytes").because(error)
    })?;
    Ok(bytes)
}
