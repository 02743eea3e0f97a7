//! Why a certificate is trusted here, or is not: everything that the repository knows about it, in order of time.

use std::collections::BTreeMap;

use bundle::Sha256;
use bundle::write::{AnchorContent, ManifestContent};
use serde::Serialize;

use crate::certificate::Certificate;
use crate::document::content;
use crate::publish::Archive;
use crate::repository::{AnchorEntry, Repository};
use crate::source::{Entry, Source, Statement};
use crate::{Error, date};

/// What is known about one certificate.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// SHA-256 of the certificate.
    pub sha256: String,
    /// Its subject, where any source or file has it.
    pub subject: String,
    /// SHA-256 of its key, where the certificate is at hand.
    pub spki_sha256: Option<String>,
    /// First and last day of its validity.
    pub valid: Option<(String, String)>,
    /// The entry of `anchors/` or `intermediates/`.
    pub entry: Option<EntryStanding>,
    /// Where each channel's newest release has it.
    pub channels: Vec<ChannelStanding>,
    /// What sources say of it now.
    pub sources: Vec<SourceStanding>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

/// What the repository records about it.
#[derive(Clone, Debug, Serialize)]
pub struct EntryStanding {
    /// Name of the entry.
    pub name: String,
    /// `anchor` or `intermediate`.
    pub kind: &'static str,
    /// Where it stands in its life.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Rules that were overridden for it, with reasons.
    pub allowed: Vec<String>,
    /// Day on which it is planned to leave.
    pub retire: Option<String>,
}

/// Where the newest release of one channel has it.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelStanding {
    /// The channel.
    pub channel: String,
    /// Its newest release; `None` before the first.
    pub release: Option<u32>,
    /// `active`, `denied`, `intermediate`, `absent`, …
    pub standing: String,
    /// Services that may chain to it.
    pub services: Vec<String>,
}

/// What one source says now.
#[derive(Clone, Debug, Serialize)]
pub struct SourceStanding {
    /// The source.
    pub source: String,
    /// What it says: field and value.
    pub says: Vec<(String, String)>,
}

/// Something that happened to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Event {
    /// When, as `2026-02-28T12:00:00Z`.
    pub at: String,
    /// What.
    pub what: String,
    /// Who: signers of a release, a source, the author of a line of the log.
    pub who: String,
}

/// A source, and what it said last.
type Heard = (Source, BTreeMap<Sha256, Statement>);

impl Explanation {
    /// Collects what the repository knows about the certificate that `text` means: an entry's name, or a fingerprint
    /// from its first eight digits on.
    ///
    /// # Errors
    /// Exit code 2: nothing has such a certificate, or several are meant.
    pub fn of(text: &str, repository: &Repository) -> Result<Self, Error> {
        let entries = [repository.anchors()?, repository.intermediates()?].concat();
        let archive = Archive::read(repository)?;
        let heard = |source: Source| source.said().map(|said| (source, said));
        let sources: Vec<Heard> =
            Source::all(repository.layout())?.into_iter().map(heard).collect::<Result<_, _>>()?;
        let sha256 = find(text, &entries, &archive, &sources)?;
        let entry = entries.iter().find(|entry| entry.certificate.sha256 == sha256);
        let certificate = entry.map(|entry| entry.certificate.clone());
        let certificate = certificate.or_else(|| certificate_at_hand(sha256, &archive, repository));
        let mut explanation = Self {
            sha256: sha256.to_string(),
            subject: certificate.as_ref().map(|found| found.subject.clone()).unwrap_or_default(),
            spki_sha256: certificate.as_ref().map(|found| found.spki_sha256.to_string()),
            valid: certificate.map(|found| (date::day(found.not_before), date::day(found.not_after))),
            entry: entry.map(EntryStanding::of),
            channels: Vec::new(),
            sources: Vec::new(),
            events: Vec::new(),
        };
        explanation.look_at_releases(sha256, &archive)?;
        explanation.listen_to(sha256, &sources)?;
        explanation.read_log(sha256, entry, repository)?;
        explanation.events.sort();
        Ok(explanation)
    }

    fn look_at_releases(&mut self, sha256: Sha256, archive: &Archive) -> Result<(), Error> {
        for channel in archive.channels() {
            let mut before = Standing::default();
            let mut newest = None;
            for release in archive.releases(channel) {
                let content = archive.with_manifest(channel, release, ManifestContent::of)?;
                let now = Standing::of(sha256, &content, archive.blob(sha256));
                if now != before {
                    self.events.push(Event {
                        at: date::instant(release.issued_at),
                        what: format!(
                            "release {} of {channel}: {}",
                            release.order.number,
                            now.since(&before)
                        ),
                        who: format!("signed by {}", archive.signers(release)?.join(", ")),
                    });
                }
                before = now;
                newest = Some(release.order.number);
            }
            self.channels.push(ChannelStanding {
                channel: channel.to_owned(),
                release: newest,
                standing: before.word,
                services: before.services,
            });
        }
        Ok(())
    }

    fn listen_to(&mut self, sha256: Sha256, sources: &[Heard]) -> Result<(), Error> {
        let key = sha256.to_string();
        for (source, said) in sources {
            if let Some(statement) = said.get(&sha256) {
                if self.subject.is_empty() {
                    self.subject.clone_from(&statement.subject);
                }
                let says = statement.fields().into_iter().collect();
                self.sources.push(SourceStanding { source: source.name.clone(), says });
            }
            for entry in source.history()? {
                self.events.extend(told(&entry, &key).map(|what| Event {
                    at: entry.at.clone(),
                    what,
                    who: format!("source {}", source.name),
                }));
            }
        }
        Ok(())
    }

    /// Lines of the log name an entry by its name, which holds the digest's first digits.
    fn read_log(
        &mut self,
        sha256: Sha256,
        entry: Option<&AnchorEntry>,
        repository: &Repository,
    ) -> Result<(), Error> {
        let short: String = sha256.to_string().chars().take(8).collect();
        for line in repository.log_lines()? {
            let name = line.subject.split(' ').next().unwrap_or_default();
            let is_about = name.rsplit('-').next() == Some(short.as_str())
                || entry.is_some_and(|entry| entry.name == name);
            if is_about {
                self.events.push(Event {
                    at: line.when,
                    what: format!("{} {}: {}", line.action, line.subject, line.reason),
                    who: line.who,
                });
            }
        }
        Ok(())
    }
}

impl EntryStanding {
    fn of(entry: &AnchorEntry) -> Self {
        let record = &entry.record;
        let is_intermediate = entry.is_intermediate();
        let allowed = record.allowed.iter();
        Self {
            name: entry.name.clone(),
            kind: if is_intermediate { "intermediate" } else { "anchor" },
            state: if is_intermediate { "-".to_owned() } else { record.state.to_string() },
            reason: record.distrust.as_ref().map_or(&record.reason, |distrust| &distrust.reason).clone(),
            allowed: allowed.map(|rule| format!("{} on {}: {}", rule.rule, rule.day, rule.reason)).collect(),
            retire: record.retire.clone(),
        }
    }
}

/// Where one release has a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    word: String,
    services: Vec<String>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { word: "absent".to_owned(), services: Vec::new() }
    }
}

impl Standing {
    fn of(sha256: Sha256, content: &ManifestContent, der: Option<&[u8]>) -> Self {
        let spki = der.and_then(|der| Certificate::parse(der.to_vec()).ok()).map(|found| found.spki_sha256);
        let is_denied = content::is_denied(content, sha256, spki);
        let anchor: Option<&AnchorContent> = content.anchors.iter().find(|anchor| anchor.sha256 == sha256);
        let is_intermediate = content.intermediates.iter().any(|intermediate| intermediate.sha256 == sha256);
        let word = match (is_denied, anchor) {
            (true, _) => "denied".to_owned(),
            (false, Some(anchor)) => format!("trusted, {}", anchor.state),
            (false, None) if is_intermediate => "intermediate".to_owned(),
            (false, None) => "absent".to_owned(),
        };
        let services =
            content.services.iter().filter(|service| anchor.is_some() && service.anchors.includes(sha256));
        Self { word, services: services.map(|service| service.name.clone()).collect() }
    }

    fn since(&self, before: &Self) -> String {
        if self.word != before.word {
            return format!("{}, before {}", self.word, before.word);
        }
        format!("{}, for {} instead of {}", self.word, list(&self.services), list(&before.services))
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "no service".to_owned() } else { names.join(", ") }
}

/// What one change of a source says about a certificate.
fn told(entry: &Entry, key: &str) -> Option<String> {
    if entry.added.contains_key(key) {
        return Some("is known to the source".to_owned());
    }
    if entry.removed.contains_key(key) {
        return Some("is known to the source no more".to_owned());
    }
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let changes = entry.changed.get(key)?.iter();
    let changes =
        changes.map(|change| format!("{} from {} to {}", change.field, said(&change.from), said(&change.to)));
    Some(changes.collect::<Vec<_>>().join("; "))
}

/// The one certificate that `text` means.
fn find(text: &str, entries: &[AnchorEntry], archive: &Archive, sources: &[Heard]) -> Result<Sha256, Error> {
    let digits = text.replace(':', "").to_ascii_lowercase();
    let is_prefix = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_meant = |sha256: &Sha256| is_prefix && sha256.to_string().starts_with(&digits);
    let named = entries.iter().filter(|entry| entry.answers_to(text)).map(|entry| entry.certificate.sha256);
    let mut found: Vec<Sha256> = named.collect();
    for channel in archive.channels() {
        for release in archive.releases(channel) {
            found.extend(release.blobs.iter().map(|(sha256, _)| *sha256).filter(is_meant));
        }
    }
    found.extend(sources.iter().flat_map(|(_, said)| said.keys().copied()).filter(is_meant));
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let error =
                Error::usage("unknown_certificate", format!("nothing here knows a certificate {text:?}"));
            Err(error.hint("give an anchor's name, or a fingerprint from its first eight digits on"))
        }
        [_, _, ..] => {
            let names: Vec<String> = found.iter().map(Sha256::to_string).collect();
            let message = format!("{text:?} could be any of: {}", names.join(", "));
            Err(Error::usage("which_certificate", message).hint("write more digits"))
        }
    }
}

/// The certificate, out of a release or a source.
fn certificate_at_hand(sha256: Sha256, archive: &Archive, repository: &Repository) -> Option<Certificate> {
    let kept = || std::fs::read(repository.layout().source_certificate(sha256)).ok();
    let der = archive.blob(sha256).map(<[u8]>::to_vec).or_else(kept)?;
    Certificate::parse(der).ok()
}
