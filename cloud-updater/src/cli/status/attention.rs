//! What needs somebody's attention, as findings: the same rules and severities as the watcher's.

use crate::cli::text::probe_note;
use crate::finding::{Finding, Severity};
use crate::head::{Published, PublishedHead, alarm};
use crate::repository::{AnchorStanding, Repository, Rollout};
use crate::watch::findings::Step;
use crate::{Context, Error};

/// Anchors that end, and certificates that are part of nothing.
pub(super) fn of_anchors(repository: &Repository, context: &Context) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for entry in repository.anchors()? {
        if entry.record.state != AnchorStanding::Distrusted {
            found.extend(Step::of_anchor(&entry.name, entry.certificate.not_after, context.now(), ""));
        }
    }
    for path in crate::repository::files_with(&repository.folder().join("anchors"), "pem")? {
        if !path.with_extension("toml").exists() {
            let label = repository.layout().label(&path);
            let message = "has no record beside it and is part of nothing";
            let finding = Finding::new("anchor-without-record", Severity::Warning, &label, message);
            found.push(finding.hint(format!("cloud-updater anchor add {label}")));
        }
    }
    Ok(found)
}

/// Services that promise a probe and have nothing to probe.
pub(super) fn of_probes(repository: &Repository, context: &Context) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for (name, service) in &repository.services()?.services {
        let is_asked =
            |asked: &str| service.channels.as_ref().is_none_or(|all| all.iter().any(|name| name == asked));
        let note = probe_note(name, service.probe, &service.hosts)
            .filter(|_| context.channel().is_none_or(is_asked));
        if let Some((subject, message)) = note.as_deref().and_then(|note| note.split_once(": ")) {
            found.push(Finding::new("nothing-to-probe", Severity::Notice, subject, message));
        }
    }
    Ok(found)
}

/// How old the published head is, and whether it says what the repository does.
pub(super) fn of_head(
    channel: &str,
    published: &Published,
    rollout: &Rollout,
    context: &Context,
) -> Vec<Finding> {
    let told = alarm(&format!("the head of {channel}"), published, rollout.head.is_some(), context.now());
    // Before its first head a channel waits for one, and its line says so already.
    let mut found: Vec<Finding> =
        told.into_iter().filter(|it| it.severity != Severity::Notice || it.rule == "head-lifetime").collect();
    if let Some(head) = published.good() {
        found.extend(behind(channel, head, rollout));
    }
    found
}

/// A head that says something else than the repository: devices get the old word until another is signed.
fn behind(channel: &str, head: &PublishedHead, rollout: &Rollout) -> Vec<Finding> {
    let finding = |message| {
        let subject = format!("the head of {channel}");
        Finding::new("head-behind", Severity::Warning, subject, message).hint("cloud-updater head sign")
    };
    let keyring = (!head.under_newest).then(|| finding("is not signed under the newest keyring"));
    let is_other = rollout.release.is_some_and(|release| release != head.release.number);
    keyring
        .into_iter()
        .chain(is_other.then(|| finding("names another release than the repository")))
        .collect()
}
