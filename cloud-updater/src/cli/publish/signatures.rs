//! The signatures of what is published, kept with what their signers saw.

use std::path::Path;

use crate::document::SignatureFile;
use crate::repository::Repository;
use crate::{Error, Output};

/// The file at `path` with these lines behind those that it has; `None` where there are none.
///
/// A head of the log that is not of this repository is told of and left out: what a signature remembers is what `audit
/// verify` looks for ever after. It stood in the signer's clone alone, or somebody wrote it on the way, for the record is not
/// signed.
pub(super) fn kept(
    repository: &Repository,
    path: &Path,
    lines: &[String],
    output: Output,
) -> Result<Option<String>, Error> {
    if lines.is_empty() {
        return Ok(None);
    }
    let kept = if path.is_file() { SignatureFile::read_all(path)? } else { Vec::new() };
    let mut all: Vec<String> = kept.iter().map(ToString::to_string).collect();
    let chain = repository.audit()?;
    for line in lines {
        let mut file = SignatureFile::parse(line)?;
        let heads = file.seen.log.len();
        file.seen.log.retain(|head| chain.holds(*head));
        if file.seen.log.len() < heads {
            output.warning(format_args!(
                "the signature of key {} says that it followed entries of a log that are not in this one: it came from a \
                 clone whose log was not merged, or its record was changed on the way; that part of it is not kept",
                file.signature.key_id
            ));
        }
        let line = file.to_string();
        if !all.contains(&line) {
            all.push(line);
        }
    }
    Ok(Some(all.iter().map(|line| format!("{line}\n")).collect()))
}
