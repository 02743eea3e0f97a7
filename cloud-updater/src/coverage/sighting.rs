//! One chain that was seen, judged under every bundle in question.

use std::collections::BTreeSet;

use bundle::{Sha256, UnixSeconds};
use chain::{Certificate, Purpose, Served, Time, Verdict};
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;

use super::{JudgedBundle, Sides};
use crate::observation::SeenChain;
use crate::printable::printable;

/// One verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Which.
    pub verdict: CellKind,
    /// The devices' stable code for it.
    pub code: String,
    /// Why, or through which anchor.
    pub because: String,
}

/// The verdicts of the matrix, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// Verified by what devices have, refused by what is to come.
    Lost,
    /// No path is acceptable.
    Refused,
    /// Nobody has seen it lately, or what was seen cannot be judged.
    Unknown,
    /// There is an acceptable path.
    Verified,
    /// There is no such bundle, or the service is not in it.
    Absent,
}

/// A chain, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// From where it was seen.
    pub vantage: String,
    /// When it was seen last.
    pub last_seen: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// True where the newest attempt of its vantage was served it.
    pub is_current: bool,
    /// SHA-256 of its certificates.
    pub chain: Vec<String>,
    /// Under the release that is rolled out.
    pub now: Cell,
    /// Under the candidate.
    pub candidate: Cell,
    /// Under what both share: one path that either accepts.
    pub both: Cell,
    /// Why its loss is excused: the reason of a distrust order.
    pub excused: Option<String>,
    /// Anchors that accept it in the candidate.
    #[serde(skip)]
    pub anchors: BTreeSet<Sha256>,
}

/// The anchors of `bundle` that verify a chain of `service` at a moment.
pub(crate) fn anchors_of(
    bundle: &JudgedBundle,
    service: &str,
    host: &str,
    chain: &[&[u8]],
    at: UnixSeconds,
) -> BTreeSet<Sha256> {
    let certificates: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
    let Some((end_entity, intermediates)) = certificates.split_first() else { return BTreeSet::new() };
    let name = ServerName::try_from(host).ok();
    let served =
        Served { end_entity, intermediates, server_name: name.as_ref(), purpose: Purpose::ServerAuth };
    let judge = bundle.set().service(service);
    let paths = judge.and_then(|judge| judge.verified_paths(&served, Time::Known(at)));
    paths.unwrap_or_default().iter().map(chain::Path::anchor_sha256).collect()
}

/// True where `bundle` would verify a chain of `service` if it had this anchor.
pub(crate) fn verifies_with(
    bundle: &JudgedBundle,
    anchor: &[u8],
    service: &str,
    host: &str,
    chain: &[&[u8]],
    at: UnixSeconds,
) -> bool {
    let Ok(root) = Certificate::parse(anchor) else { return false };
    let parsed = chain.iter().filter_map(|der| Certificate::parse(der).ok());
    let is_named = parsed.into_iter().any(|certificate| certificate.issuer() == root.subject());
    let with = || bundle.with_anchor(anchor, service).ok();
    is_named
        && with().is_some_and(|with| anchors_of(&with, service, host, chain, at).contains(&root.sha256()))
}

/// What is asked of a chain.
pub(super) struct Question<'a> {
    pub(super) sides: &'a Sides,
    pub(super) service: &'a str,
    pub(super) host: &'a str,
    pub(super) now: UnixSeconds,
}

impl Cell {
    /// A cell without a judgement.
    pub(super) fn new(verdict: CellKind, code: &str, because: impl AsRef<str>) -> Self {
        Self { verdict, code: code.to_owned(), because: printable(because.as_ref()) }
    }

    pub(super) fn absent(because: &str) -> Self {
        Self::new(CellKind::Absent, "absent", because)
    }

    fn of(verdict: &Verdict, bundle: &JudgedBundle) -> Self {
        match verdict {
            Verdict::Verified(path) => {
                let anchor = path.anchor_sha256();
                let name = bundle.names.short_name(anchor).map_or_else(|| anchor.to_string(), str::to_owned);
                Self::new(CellKind::Verified, verdict.code(), format!("by {name}"))
            }
            Verdict::Refused(refusal) => Self::new(CellKind::Refused, verdict.code(), refusal.to_string()),
            Verdict::Inconclusive(why) => Self::new(CellKind::Unknown, verdict.code(), why.to_string()),
        }
    }
}

impl Question<'_> {
    /// The judgement on one chain, seen from `vantage`.
    pub(super) fn judge(
        &self,
        vantage: &str,
        seen: &SeenChain,
        chain: &[&[u8]],
        is_current: bool,
    ) -> Sighting {
        let certificates: Vec<CertificateDer<'_>> =
            chain.iter().map(|der| CertificateDer::from(*der)).collect();
        let empty = CertificateDer::from([].as_slice());
        let (end_entity, intermediates) = certificates.split_first().unwrap_or((&empty, &[]));
        let name = ServerName::try_from(self.host).ok();
        let served =
            Served { end_entity, intermediates, server_name: name.as_ref(), purpose: Purpose::ServerAuth };
        let time = Time::Known(self.moment(seen, end_entity));
        let of = |bundle: &JudgedBundle| {
            bundle.set().service(self.service).map(|judge| Cell::of(&judge.verdict(&served, time), bundle))
        };
        let held: Vec<(&JudgedBundle, Option<Cell>)> =
            self.sides.held.iter().map(|bundle| (bundle, of(bundle))).collect();
        let candidate = &self.sides.candidate;
        let under_candidate = of(candidate).unwrap_or_else(|| Cell::absent("the service is not in it"));
        let losing = held.iter().find(|(bundle, cell)| {
            let is_verified = cell.as_ref().is_some_and(|cell| cell.verdict == CellKind::Verified);
            is_verified && self.is_lost_from(bundle, &under_candidate)
        });
        let excused = losing.and_then(|(bundle, _)| self.excuse(bundle, &served, time));
        let now = match losing {
            // Where devices hold two releases, the one that would lose it speaks for both.
            Some((_, Some(cell))) => cell.clone(),
            _ => held.first().and_then(|(_, cell)| cell.clone()).unwrap_or_else(|| {
                Cell::absent(if self.sides.held.is_empty() {
                    "no release yet"
                } else {
                    "the service is not in it"
                })
            }),
        };
        let both = self.both(&now, &under_candidate, &served, time);
        let candidate_cell = match losing {
            Some(_) => Cell { verdict: CellKind::Lost, ..under_candidate },
            None => under_candidate,
        };
        let anchors = self.paths(candidate, &served, time).unwrap_or_default();
        Sighting {
            vantage: vantage.to_owned(),
            last_seen: crate::date::instant(seen.last_seen),
            age_seconds: self.now.since(seen.last_seen),
            is_current,
            chain: seen.certificates.iter().map(Sha256::to_string).collect(),
            now,
            candidate: candidate_cell,
            both,
            excused,
            anchors: anchors.iter().filter_map(|path| path.last().copied()).collect(),
        }
    }

    /// The moment to judge at: the present, unless the server's own certificate has ended since it was seen; then the
    /// server has a newer one that nobody saw, and what matters is who vouched for it.
    fn moment(&self, seen: &SeenChain, end_entity: &[u8]) -> UnixSeconds {
        let ended = Certificate::parse(end_entity).is_ok_and(|leaf| leaf.not_after() < self.now);
        if ended && seen.last_seen < self.now { seen.last_seen } else { self.now }
    }

    /// True where the step from `bundle` to the candidate takes away what `bundle` verifies.
    fn is_lost_from(&self, bundle: &JudgedBundle, under_candidate: &Cell) -> bool {
        match under_candidate.verdict {
            CellKind::Refused => true,
            // A service that is not probed any more may leave: that is how an operator says so, and devices obey.
            CellKind::Absent => bundle.content.services.iter().any(|it| it.name == self.service && it.probe),
            CellKind::Lost | CellKind::Unknown | CellKind::Verified => false,
        }
    }

    /// The reason of the distrust orders, where every path under `bundle` runs through what they name.
    fn excuse(&self, bundle: &JudgedBundle, served: &Served<'_>, time: Time) -> Option<String> {
        let candidate = &self.sides.candidate;
        let denials = candidate.ordered_denials(&[&bundle.names, &candidate.names, &self.sides.names]);
        let judge = bundle.set().service(self.service)?;
        let is_excused = !denials.is_empty() && judge.every_path_is_denied_by(&denials, served, time);
        is_excused.then(|| printable(&candidate.order_reasons().join("; ")))
    }

    /// Under what both share: a path, certificate by certificate, that either accepts.
    fn both(&self, now: &Cell, candidate: &Cell, served: &Served<'_>, time: Time) -> Cell {
        for (cell, side) in [(now, "devices have"), (candidate, "is to come")] {
            match cell.verdict {
                CellKind::Verified => {}
                CellKind::Absent => return Cell::absent(&cell.because),
                CellKind::Unknown => return cell.clone(),
                CellKind::Lost | CellKind::Refused => {
                    return Cell { because: format!("under what {side}: {}", cell.because), ..cell.clone() };
                }
            }
        }
        let Some(mut shared) = self.paths(&self.sides.candidate, served, time) else {
            return Cell::new(CellKind::Unknown, "too_complex", "the chain takes more work than is allowed");
        };
        for bundle in &self.sides.held {
            // A release that does not verify it shares nothing, and says so in its own cell.
            if let Some(paths) = self.paths(bundle, served, time).filter(|paths| !paths.is_empty()) {
                shared.retain(|path| paths.contains(path));
            }
        }
        match shared.first().and_then(|path| path.last()) {
            Some(anchor) => {
                let name = self.sides.candidate.names.of(*anchor);
                let name = name.split(" · ").next().unwrap_or_default().to_owned();
                Cell::new(CellKind::Verified, "verified", format!("by {name}"))
            }
            None => Cell::new(
                CellKind::Refused,
                "no_shared_path",
                "each verifies it by an anchor that the other does not have",
            ),
        }
    }

    /// The acceptable paths under a bundle; `None` where there are too many to see them all.
    fn paths(&self, bundle: &JudgedBundle, served: &Served<'_>, time: Time) -> Option<Vec<Vec<Sha256>>> {
        let Some(judge) = bundle.set().service(self.service) else { return Some(Vec::new()) };
        let paths = judge.verified_paths(served, time)?;
        Some(paths.iter().map(|path| path.certificates().to_vec()).collect())
    }
}
