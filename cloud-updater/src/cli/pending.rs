//! Drafts that wait for signatures, and the signatures that came back.

use std::path::{Path, PathBuf};

use bundle::write::{Signature, Unsigned};

use crate::Error;
use crate::document::{DraftFile, KeyringChain, Seen, SignatureFile, Signers};
use crate::repository::Repository;

/// A draft in its folder, with the signatures beside it that are good.
#[derive(Clone, Debug)]
pub(super) struct PendingDraft {
    pub(super) number: u32,
    pub(super) path: PathBuf,
    pub(super) file: DraftFile,
    pub(super) signers: Signers,
    pub(super) signatures: Vec<Signature>,
    /// The names of those who signed, and the record of what each saw.
    pub(super) seen: Vec<(String, Seen)>,
    /// The signatures as they came, a line each.
    pub(super) lines: Vec<String>,
}

/// The drafts of a channel, or of the keyring, by number.
///
/// A keyring may have changed since a draft was made: signatures of the keys that count now are good as well.
pub(super) fn drafts(repository: &Repository, channel: Option<&str>) -> Result<Vec<PendingDraft>, Error> {
    let chain = KeyringChain::read(repository.layout())?;
    let folder = repository.layout().drafts(channel);
    let mut found = Vec::new();
    for path in list(&folder, "draft")? {
        let label = repository.layout().label(&path);
        let number = number_of(&path)
            .ok_or_else(|| Error::input("draft_name", "a draft is called <number>.draft").place(&label))?;
        let file = DraftFile::read(&path).map_err(|error| error.place(&label))?;
        let unsigned = file.unsigned().map_err(|error| error.place(&label))?;
        if unsigned.header().order.number != number || file.channel.as_deref() != channel {
            return Err(Error::input("draft_name", "is the draft of something else").place(&label));
        }
        let signers = Signers::of_draft(&file).map_err(|error| error.place(&label))?;
        let today = match (channel, chain.generations().last()) {
            (Some(_), Some(generation)) => {
                Some(Signers::of_release(unsigned.header().kind, &generation.keyring()?))
            }
            _ => None,
        };
        let asked: Vec<&Signers> = [Some(&signers), today.as_ref()].into_iter().flatten().collect();
        let files = signature_files(repository, &folder, number, &unsigned, &asked)?;
        let lines = files.iter().map(|(_, file)| file.to_string()).collect();
        let signatures = files.iter().map(|(_, file)| file.signature.clone()).collect();
        let seen = files.into_iter().map(|(name, file)| (name, file.seen)).collect();
        let signers = today.unwrap_or(signers);
        found.push(PendingDraft { number, path, file, signers, signatures, seen, lines });
    }
    found.sort_by_key(|draft| draft.number);
    Ok(found)
}

/// The good signatures over document `number` in `folder`, with the names of their signers.
///
/// # Errors
/// Exit code 3 or 4 naming a file that is malformed, over another document, wrong, or by nobody who may sign.
pub(super) fn signature_files(
    repository: &Repository,
    folder: &Path,
    number: u32,
    unsigned: &Unsigned,
    signers: &[&Signers],
) -> Result<Vec<(String, SignatureFile)>, Error> {
    let mut found: Vec<(String, SignatureFile)> = Vec::new();
    for path in list(folder, "sig")?.into_iter().filter(|path| number_of(path) == Some(number)) {
        let label = repository.layout().label(&path);
        let file = SignatureFile::read(&path).map_err(|error| error.place(&label))?;
        let id = file.signature.key_id;
        let key = signers.iter().find_map(|signers| signers.key(id)).ok_or_else(|| {
            let error =
                Error::signatures("signature_not_asked", format!("the key {id} may not sign this document"));
            error.place(&label).field("key id").hint("remove the file; cloud-updater key list shows who may")
        })?;
        file.check(unsigned, key).map_err(|error| error.place(&label))?;
        if found.iter().all(|(_, known)| known.signature != file.signature) {
            found.push((key.name.clone(), file));
        }
    }
    Ok(found)
}

/// Refuses to replace drafts from `number` on that somebody signed, unless that is wanted.
pub(super) fn refuse_signed(
    repository: &Repository,
    channel: Option<&str>,
    number: u32,
    replace: bool,
) -> Result<(), Error> {
    let folder = repository.layout().drafts(channel);
    let signed =
        list(&folder, "sig")?.into_iter().find(|path| number_of(path).is_some_and(|found| found >= number));
    match signed {
        Some(path) if !replace => {
            let error = Error::input("draft_signed", "somebody signed the draft that this would replace");
            let label = repository.layout().label(&path);
            Err(error
                .place(label)
                .hint("publish it first, or give --replace and have the new draft signed again"))
        }
        _ => Ok(()),
    }
}

/// Drafts other than those in `kept`, and the signatures over what they replace: what a new draft makes worthless.
pub(super) fn stale_files(
    repository: &Repository,
    channel: Option<&str>,
    kept: &[u32],
) -> Result<Vec<PathBuf>, Error> {
    let folder = repository.layout().drafts(channel);
    let first = kept.iter().min().copied().unwrap_or(u32::MAX);
    let mut stale = list(&folder, "sig")?;
    // Signatures below belong to published releases, which signers of a new keyring sign again.
    stale.retain(|path| number_of(path).is_none_or(|number| number >= first));
    let drafts = list(&folder, "draft")?;
    stale.extend(
        drafts.into_iter().filter(|path| number_of(path).is_none_or(|number| !kept.contains(&number))),
    );
    Ok(stale)
}

/// Every file of the draft `number`: itself and its signatures.
pub(super) fn files_of(
    repository: &Repository,
    channel: Option<&str>,
    number: u32,
) -> Result<Vec<PathBuf>, Error> {
    let folder = repository.layout().drafts(channel);
    let all = [list(&folder, "sig")?, list(&folder, "draft")?].concat();
    Ok(all.into_iter().filter(|path| number_of(path) == Some(number)).collect())
}

fn list(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    crate::repository::files_with(folder, ending)
}

/// The number in front of the first dot.
fn number_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    let digits = name.split('.').next()?;
    digits.parse::<u32>().ok().filter(|number| number.to_string() == digits)
}
