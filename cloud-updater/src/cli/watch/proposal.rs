//! A root that an endpoint leads to and the bundle lacks, as a ready draft with where it came from. Nothing is signed.

use std::fmt;
use std::path::PathBuf;

use bundle::{Order, limits};
use serde::Serialize;

use crate::audit::Act;
use crate::certificate::{Certificate, source};
use crate::cli::anchor;
use crate::coverage::{CellKind, verifies_with};
use crate::document::{Draft, DraftFile, content};
use crate::lint::{Role, examine};
use crate::publish::{Archive, Plan, Step};
use crate::repository::{Repository, files_with};
use crate::watch::findings::View;
use crate::{Context, Error};

/// What the draft says of itself.
const REASON: &str = "proposed by the watcher: look at the reason of each new anchor";

/// An anchor that would verify what devices refuse.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Proposal {
    channel: String,
    service: String,
    endpoint: String,
    anchor: String,
    sha256: String,
    provenance: String,
    /// Rules for anchors that it breaks: then nothing is drafted.
    broken: Vec<String>,
    /// The draft; none where nothing is drafted.
    draft: Option<String>,
}

/// A certificate that may be what is missing, and where it came from.
struct Offered {
    certificate: Certificate,
    from: String,
}

/// Adds the missing roots of a channel, each to the service that needs it, and drafts the release that has them.
pub(super) fn of_channel(
    view: &View<'_>,
    files: &[PathBuf],
    repository: &Repository,
    context: &Context,
) -> Result<Vec<Proposal>, Error> {
    let mut found: Vec<(Proposal, Certificate)> = Vec::new();
    let offered = read(files)?;
    let present = repository.anchors()?;
    for (row, endpoint) in view.matrix.endpoints() {
        let refused = endpoint.sightings.iter().filter(|it| it.candidate.verdict == CellKind::Refused);
        for sighting in refused {
            let Some(observations) = view.observations.iter().find(|it| it.vantage() == sighting.vantage)
            else {
                continue;
            };
            let digests = &sighting.chain;
            let record = observations.endpoint(&endpoint.endpoint);
            let chains = record.into_iter().flat_map(|record| &record.chains);
            let is_it = |seen: &&crate::observation::SeenChain| {
                seen.certificates.iter().map(ToString::to_string).eq(digests.iter().cloned())
            };
            let Some(seen) = chains.into_iter().find(is_it) else { continue };
            let chain = observations.chain(seen);
            let host = bundle::split_host_port(&endpoint.endpoint).map_or("", |(host, _)| host);
            let served = chain.iter().skip(1).filter_map(|der| Certificate::parse(der.to_vec()).ok());
            let from = format!("{} served it", endpoint.endpoint);
            let served = served.map(|certificate| Offered { certificate, from: from.clone() });
            let candidates: Vec<Offered> = served.filter(|it| it.certificate.is_self_issued).collect();
            let fits = |it: &&Offered| {
                verifies_with(
                    &view.sides.candidate,
                    it.certificate.der(),
                    &row.service,
                    host,
                    &chain,
                    view.now,
                )
            };
            let Some(missing) = candidates.iter().chain(&offered).find(fits) else { continue };
            let sha256 = missing.certificate.sha256;
            if found.iter().any(|(it, known)| it.service == row.service && known.sha256 == sha256) {
                continue;
            }
            let provenance = provenance(missing, &endpoint.endpoint, &sighting.vantage, &sighting.last_seen);
            let mut proposal = Proposal::of(missing, view, &row.service, &endpoint.endpoint, provenance);
            if let Some(known) = present.iter().find(|it| it.certificate.sha256 == sha256) {
                let state = known.record.state;
                proposal.broken.push(format!("is in the repository already, as {}, {state}", known.name));
            }
            found.push((proposal, missing.certificate.clone()));
        }
    }
    write(&mut found, view, repository, context)?;
    Ok(found.into_iter().map(|(proposal, _)| proposal).collect())
}

/// Adds the anchors to the repository, ahead of use, and drafts the release that has them.
fn write(
    found: &mut [(Proposal, Certificate)],
    view: &View<'_>,
    repository: &Repository,
    context: &Context,
) -> Result<(), Error> {
    let is_fine = |it: &&mut (Proposal, Certificate)| it.0.broken.is_empty();
    if context.dry_run() || found.iter_mut().filter(is_fine).count() == 0 {
        return Ok(());
    }
    for (proposal, certificate) in found.iter_mut().filter(is_fine) {
        anchor::propose(certificate, &proposal.service, &proposal.provenance, repository, context)?;
    }
    let drafted = draft(&view.sides.channel, repository, context)?;
    found.iter_mut().filter(is_fine).for_each(|(proposal, _)| proposal.draft.clone_from(&drafted));
    Ok(())
}

/// Drafts what the repository holds now; `None` where another draft waits already, which is somebody's work.
fn draft(channel: &str, repository: &Repository, context: &Context) -> Result<Option<String>, Error> {
    let layout = repository.layout();
    let _lock = repository.lock()?;
    if !files_with(&layout.drafts(Some(channel)), "draft")?.is_empty() {
        return Ok(None);
    }
    let archive = Archive::read(repository)?;
    let generation = archive.keyrings().newest()?;
    let base = archive.releases(channel).next_back();
    let number = base.map_or(1, |release| release.order.number.saturating_add(1));
    let now = content::of_repository(repository, channel)?;
    let draft = Draft::of_content(channel, &now.manifest, now.blobs);
    let order = Order::new(generation.order.epoch, number);
    let manifest = draft.number(order, generation.order.number, context.now())?;
    let document = manifest.unsigned().assemble(&[]);
    let file = DraftFile {
        channel: Some(channel.to_owned()),
        reason: REASON.to_owned(),
        document: document.map_err(|error| Error::bug("an empty table does not fit").because(error))?,
        keyring: generation.document.clone(),
        previous: base.map(|base| base.document.clone()).unwrap_or_default(),
        previous_blobs: base.map(|base| archive.blobs_of(base)).transpose()?.unwrap_or_default(),
        blobs: manifest.blobs().to_vec(),
        ..DraftFile::default()
    };
    let path = layout.draft(Some(channel), number);
    let mut plan = Plan::default();
    plan.add(Step::record(layout, path.clone(), file.encode()));
    let subject = format!("{channel} {number}");
    let act = Act { action: "draft", subject: &subject, reason: REASON, documents: &plan.documents() };
    repository.record_act(context.now(), &act)?;
    plan.execute()?;
    Ok(Some(layout.label(&path)))
}

fn read(files: &[PathBuf]) -> Result<Vec<Offered>, Error> {
    let mut offered = Vec::new();
    for file in files {
        let from = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let found = source::read(file)?.into_iter();
        offered.extend(found.map(|certificate| Offered { certificate, from: format!("out of {from}") }));
    }
    Ok(offered)
}

/// One line that a manifest can carry.
fn provenance(found: &Offered, endpoint: &str, vantage: &str, last_seen: &str) -> String {
    let text = format!(
        "proposed by watch: {endpoint} leads to it, seen from {vantage} at {last_seen}; {}; not compared with what the CA \
         publishes",
        found.from
    );
    let mut text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    while text.len() > limits::NOTE_BYTES_MAX {
        text.pop();
    }
    text
}

impl Proposal {
    fn of(found: &Offered, view: &View<'_>, service: &str, endpoint: &str, provenance: String) -> Self {
        let problems = examine(found.certificate.der(), Some(Role::Anchor), view.now);
        let broken = problems.into_iter().filter(|it| it.rule.refuses());
        Self {
            channel: view.sides.channel.clone(),
            service: service.to_owned(),
            endpoint: endpoint.to_owned(),
            anchor: found.certificate.subject.clone(),
            sha256: found.certificate.sha256.to_string(),
            provenance,
            broken: broken.map(|it| format!("{}: {}", it.rule, it.message)).collect(),
            draft: None,
        }
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "proposed for {}: {}", self.service, self.anchor)?;
        writeln!(f, "    sha256 {}\n    {}", self.sha256, self.provenance)?;
        for broken in &self.broken {
            writeln!(f, "    not drafted: it {broken}")?;
        }
        match &self.draft {
            Some(draft) => writeln!(
                f,
                "    compare its fingerprint with what the CA publishes, then: cloud-updater sign {draft}"
            ),
            None if self.broken.is_empty() => {
                writeln!(f, "    added to the repository; no draft was made, for another one waits")
            }
            None => Ok(()),
        }
    }
}
