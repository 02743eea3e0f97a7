//! A signature's entry in the log.

use std::path::Path;

use bundle::Sha256;

use crate::audit::Act;
use crate::document::SignatureFile;
use crate::repository::Repository;
use crate::{Context, Error};

/// Notes the signature in the log, where it goes into the repository.
pub(super) fn note(
    repository: Option<&Repository>,
    path: &Path,
    signature: &SignatureFile,
    signer: &str,
    context: &Context,
) -> Result<(), Error> {
    let Some(repository) = repository else { return Ok(()) };
    let absolute = |path: &Path| std::fs::canonicalize(path).map_err(|error| Error::io("find", path, error));
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let (above, folder) = (absolute(above)?, absolute(repository.folder())?);
    let Ok(inside) = above.strip_prefix(&folder) else { return Ok(()) };
    let subject = inside.join(path.file_name().unwrap_or_default()).display().to_string();
    let line = format!("{signature}\n");
    let seen = &signature.seen;
    let mut documents =
        vec![(subject.clone(), Sha256::of(&[line.as_bytes()])), ("document".to_owned(), signature.digest)];
    documents.extend(seen.changes.map(|hash| ("changes".to_owned(), hash)));
    documents.extend(seen.coverage.map(|hash| ("coverage".to_owned(), hash)));
    let reason = format!("key {signer} {}", signature.signature.key_id);
    let act = Act { action: "sign", subject: &subject, reason: &reason, documents: &documents };
    repository.record_act(context.now(), &act)
}
