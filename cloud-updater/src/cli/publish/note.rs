//! What the log keeps of a publication.

use super::PublishArgs;
use super::answer::Answer;
use crate::audit::Act;
use crate::publish::Archive;
use crate::repository::Repository;
use crate::{Context, Error};

/// Why, with what was overridden.
pub(super) fn why(args: &PublishArgs) -> String {
    let despite = args.despite_census.iter().map(|service| format!(" (despite the census of {service})"));
    format!("{}{}", args.reason, despite.collect::<String>())
}

/// Notes every release and keyring. The log first: an entry may stand there twice after a kill, and is never missing.
pub(super) fn releases_and_keyrings(
    answer: &Answer,
    archive: &Archive,
    repository: &Repository,
    reason: &str,
    context: &Context,
) -> Result<(), Error> {
    for release in &answer.releases {
        let layout = repository.layout();
        let stored = archive.release(&release.channel, release.number)?;
        let documents = [(layout.label(&layout.release(&release.channel, release.number)), stored.digest)];
        let subject = release.log_subject();
        let act = Act { action: "publish release", subject: &subject, reason, documents: &documents };
        repository.record_act(context.now(), &act)?;
    }
    for number in &answer.keyrings {
        let documents = archive
            .keyrings()
            .digest(*number)
            .map(|digest| (repository.layout().label(&repository.layout().keyring(*number)), digest));
        let subject = number.to_string();
        let documents = documents.as_slice();
        let act = Act { action: "publish keyring", subject: &subject, reason, documents };
        repository.record_act(context.now(), &act)?;
    }
    Ok(())
}
