//! Which key file a command signs with.

use bundle::KeyId;

use crate::Error;
use crate::key::{KeyFile, PublicKey};

/// The key file that was asked for, else the only one of this user that may sign.
///
/// # Errors
/// Exit code 2 where none or several would do.
pub(super) fn choose(asked: Option<&str>, may_sign: impl Fn(KeyId) -> bool) -> Result<KeyFile, Error> {
    if let Some(value) = asked {
        return KeyFile::path_or_name(value);
    }
    let folder = KeyFile::folder()?;
    let mut found: Vec<KeyFile> = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "pub") {
            let file = KeyFile::at(path.with_extension("key"));
            if file.path().is_file() && PublicKey::read(&path).is_ok_and(|key| may_sign(key.id())) {
                found.push(file);
            }
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            let error = Error::usage("no_signing_key", "no key of this user may sign this").file(folder);
            Err(error.hint("name it with --key: a path, or a name that cloud-updater key list shows"))
        }
        _ => {
            let names: Vec<String> = found.iter().map(KeyFile::stem).collect();
            let error =
                Error::usage("which_key", format!("several keys may sign this: {}", names.join(", ")));
            Err(error.hint("say which with --key NAME"))
        }
    }
}
