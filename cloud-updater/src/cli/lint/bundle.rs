//! Which bundle is looked at, and what it is compared with: a draft, a release, or what the repository holds.

use std::collections::BTreeSet;

use bundle::write::ManifestContent;
use bundle::{Kind, Order, Sha256, UnixSeconds};

use super::super::side::Viewed;
use crate::diff::Names;
use crate::document::{Draft, DraftFile, Manifest, Signers, content, review_manifest};
use crate::finding::{Finding, Findings, Severity};
use crate::lint::bundle::{View, findings, refusing};
use crate::lint::rules;
use crate::publish::Archive;
use crate::repository::Repository;
use crate::repository::fleet_file::HeadSettings;
use crate::{Context, Error};

/// A bundle with all that the rules look at.
#[derive(Debug, Default)]
struct Subject {
    content: ManifestContent,
    names: Names,
    history: Vec<(UnixSeconds, ManifestContent)>,
    size: Option<(u64, u64)>,
    refresh_seconds: u64,
    head_lifetime_seconds: u64,
    allowed: BTreeSet<(Sha256, String)>,
}

/// What is wrong with the bundle of a draft; a repository knows more about it than the file alone.
pub(in crate::cli) fn of_draft(
    draft: &DraftFile,
    repository: Option<&Repository>,
    context: &Context,
) -> Result<Vec<Finding>, Error> {
    let manifest = Manifest::of_file(draft)?;
    let header = *manifest.unsigned().header();
    if header.kind == Kind::RevokeAll {
        return Ok(Vec::new());
    }
    let (_, after) = Viewed::of_draft(draft)?;
    let mut subject = Subject { content: after.content, names: after.names, ..Subject::default() };
    if !draft.previous.is_empty() {
        let previous = review_manifest(&draft.previous)?;
        subject.names.learn(previous.certificates(&draft.previous_blobs)?.into_iter().map(|(_, der)| der));
        subject.history.push((previous.header.issued_at, previous.content));
    }
    let settings = HeadSettings::default();
    subject.refresh_seconds = u64::from(settings.refresh_seconds());
    subject.head_lifetime_seconds = u64::from(settings.lifetime_seconds());
    if let (Some(repository), Some(channel)) = (repository, &draft.channel) {
        let asked = Signers::of_draft(draft)?.requirements().iter().map(|it| usize::from(it.threshold)).sum();
        let most = repository.fleet().bundle_bytes_max(channel);
        subject.size = Some((manifest.slot_bytes(asked), most));
        subject.learn(repository, &Archive::read(repository)?, channel, header.order.number)?;
    }
    Ok(subject.findings(context.now()))
}

/// What is wrong with a release of this number, or with what the repository holds now.
pub(super) fn of_word(word: &str, repository: &Repository, context: &Context) -> Result<Vec<Finding>, Error> {
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let archive = Archive::read(repository)?;
    let mut subject = Subject::default();
    let before = if word == "now" {
        let now = content::of_repository(repository, channel)?;
        subject.names.learn(now.blobs.values().map(Vec::as_slice));
        subject.content = now.manifest.clone();
        let numbered = Draft::of_content(channel, &now.manifest, now.blobs).number(
            Order::new(0, 1),
            1,
            context.now(),
        )?;
        subject.size = Some((numbered.slot_bytes(0), repository.fleet().bundle_bytes_max(channel)));
        u32::MAX
    } else {
        let number =
            word.parse().map_err(|_| Error::usage("no_bundle", format!("{word:?} is no release")))?;
        let release = archive.release(channel, number)?;
        let viewed = Viewed::of_release(&archive, channel, release)?;
        (subject.content, subject.names) = (viewed.content, viewed.names);
        let bytes = release.document.len().saturating_add(archive.blobs_of(release)?.len());
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        subject.size = Some((bytes, repository.fleet().bundle_bytes_max(channel)));
        number
    };
    subject.learn(repository, &archive, channel, before)?;
    Ok(subject.findings(context.now()))
}

impl Subject {
    /// Learns what the repository knows: all releases before this one, the devices' interval, what was overridden.
    fn learn(
        &mut self,
        repository: &Repository,
        archive: &Archive,
        channel: &str,
        before: u32,
    ) -> Result<(), Error> {
        self.history.clear();
        for release in archive.releases(channel).filter(|release| release.order.number < before) {
            let content = archive.with_manifest(channel, release, ManifestContent::of)?;
            self.history.push((release.issued_at, content));
            self.names.learn(release.blobs.iter().filter_map(|(sha256, _)| archive.blob(*sha256)));
        }
        let settings = &repository.fleet().head;
        self.refresh_seconds = u64::from(settings.refresh_seconds());
        self.head_lifetime_seconds = u64::from(settings.lifetime_seconds());
        for entry in [repository.anchors()?, repository.intermediates()?].concat() {
            let rules = entry.record.allowed.iter().map(|rule| (entry.certificate.sha256, rule.rule.clone()));
            self.allowed.extend(rules);
        }
        Ok(())
    }

    fn findings(&self, now: UnixSeconds) -> Vec<Finding> {
        findings(&View {
            content: &self.content,
            names: &self.names,
            history: &self.history,
            size: self.size,
            refresh_seconds: self.refresh_seconds,
            head_lifetime_seconds: self.head_lifetime_seconds,
            allowed: &self.allowed,
            now,
        })
    }
}

/// What people must know who draft or sign: all that is serious, but what is said of pins and names in words of its own.
pub(in crate::cli) fn serious(findings: Vec<Finding>) -> Findings {
    let own = [rules::bundle::NO_BACKUP_PIN.id, rules::bundle::PIN_AT_RISK.id];
    let is_shown = |it: &Finding| it.severity < Severity::Notice && !own.contains(&it.rule);
    Findings::new(findings.into_iter().filter(is_shown).collect())
}

/// The rules whose breach refuses a draft, each once.
pub(in crate::cli) fn broken(findings: &[Finding]) -> Vec<String> {
    let rules: BTreeSet<&str> = refusing(findings.iter()).into_iter().map(|finding| finding.rule).collect();
    rules.into_iter().map(str::to_owned).collect()
}

/// Refuses what cuts devices off, unless each rule is overridden by name; `act` is what is refused, as in "draft it".
///
/// # Errors
/// Exit code 3 with every error at once.
pub(in crate::cli) fn refuse(findings: &[Finding], allowed: &[String], act: &str) -> Result<(), Error> {
    let is_allowed = |finding: &&Finding| allowed.iter().any(|rule| rule == finding.rule);
    let refused: Vec<Finding> =
        refusing(findings.iter()).into_iter().filter(|finding| !is_allowed(finding)).cloned().collect();
    let Some(rule) = refused.first().and_then(|first| rules::named(first.rule)) else { return Ok(()) };
    let messages: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let flags: Vec<String> = broken(&refused).iter().map(|rule| format!("--allow {rule}")).collect();
    let hint = format!("{}; or {act} all the same: {} --reason \"…\"", rule.advice, flags.join(" "));
    Err(Error::input(rule.code, messages.join("; ")).hint(hint))
}
