//! From a manifest to a confirmed release: the engine's `update`, `staging`, `probing`, `trial`, `refusals`, `offline`.

use store::{SlotIndex, rehearsal};

use crate::{
    device::{Engine, Event, Stage},
    documents::{Anchors, Release},
    journal::{Stand, denials, digest, head_note, noted, refusal},
    rules::Rule,
    scenario::SERVICE,
};

/// Conclusive failures that revert a trial.
const CONCLUSIVE_FAILURES_MAX: u8 = 3;

/// What answers when an endpoint is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Network {
    /// The service itself.
    Service,
    /// Nobody.
    Silence,
    /// An attacker on the path, with a certificate that a thief's anchor vouches for.
    Attacker,
}

/// What becomes of the bytes that are written into the idle slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Writing {
    /// They are all there.
    Whole,
    /// The medium gives others back.
    Spoilt,
    /// They never came.
    CutOff,
}

/// What a probe says of the present bundle and of the candidate.
#[derive(Clone, Copy, Debug, Default)]
struct Verdicts {
    present: Option<bool>,
    candidate: Option<bool>,
    is_excused: bool,
}

impl Verdicts {
    /// The present bundle verifies, the candidate does not, and nothing excuses it.
    fn is_lost(self) -> bool {
        self.present == Some(true) && self.candidate == Some(false) && !self.is_excused
    }
}

impl Engine<'_> {
    /// A manifest has arrived for the release that was asked for.
    pub(crate) fn judge_release(&mut self, asked: u8, id: u8) {
        let release = *self.scenario.release(id);
        let judged = self.device.keyring(self.scenario).judge_release(&release, self.rules);
        if !self.rules.holds(Rule::AuthenticFirst) {
            self.apply_denials(&release);
        }
        if judged.is_err() || id != asked {
            self.found.refused = true;
            return self.finish();
        }
        self.admit(id);
    }

    /// A file with a release is put in, without a server to ask; a keyring in front of it is taken first.
    pub(crate) fn install_file(&mut self, id: u8, keyring: Option<u8>) {
        let before = self.device.journal.keyring;
        let newer =
            keyring.filter(|it| self.scenario.keyring(*it).order > self.device.keyring(self.scenario).order);
        if newer.is_some_and(|newer| !self.take_keyring(newer)) {
            return self.finish();
        }
        let release = *self.scenario.release(id);
        let judged = self.device.keyring(self.scenario).judge_release(&release, self.rules);
        let is_held = self.device.installed(self.scenario) == id;
        let is_above =
            release.order > self.device.release_floor(self.scenario) || !self.rules.holds(Rule::ReleaseFloor);
        if judged.is_err() || is_held || !self.is_in_order(id) || !is_above {
            self.found.refused = self.device.journal.keyring == before;
            return self.finish();
        }
        self.admit(id);
    }

    /// The release is verified: its denials hold at once, and it is of use or refused.
    fn admit(&mut self, id: u8) {
        let release = *self.scenario.release(id);
        self.found.admitted = Some(id);
        if self.rules.holds(Rule::DenialsFirst) {
            self.apply_denials(&release);
        }
        if release.anchors & !release.denies == 0 {
            return self.refuse(id);
        }
        self.begin_staging(id);
    }

    fn apply_denials(&mut self, release: &Release) {
        let newest = self.device.memory.denials_order.max(Some(self.device.journal.denials_order));
        if Some(release.order) < newest {
            return;
        }
        self.device.memory.denials_order = Some(release.order);
        if release.denies != self.device.journal.denials {
            let list = denials(release.order, release.denies);
            self.change(|change| change.replace_denials(&list));
        }
    }

    /// A release on trial gives way before its slot is touched.
    fn begin_staging(&mut self, id: u8) {
        if self.device.journal.is_trial() && self.rules.holds(Rule::TrialGivesWay) {
            self.end_trial();
            self.found.gave_way = true;
            self.found.event = Some(Event::TrialGaveWay);
        }
        let slot = self.idle();
        self.device.tear(slot, true);
        self.device.stage = Stage::Filling(id);
    }

    /// Reverts the trial; without the rule, the deny list of the release before comes back with it.
    fn end_trial(&mut self) {
        self.change(|change| change.revert());
        if !self.rules.holds(Rule::DenialsStay) {
            let base = self.scenario.release(self.device.installed(self.scenario));
            (self.device.journal.denials_order, self.device.journal.denials) = (base.order, base.denies);
        }
    }

    fn idle(&self) -> SlotIndex {
        match self.device.readable() {
            Some((slot, _)) if self.device.journal.is_trial() => slot,
            Some((slot, _)) => slot.other(),
            None => self.device.journal.active().map_or(SlotIndex::First, SlotIndex::other),
        }
    }

    /// The bytes are written, synced, and read back.
    pub(crate) fn fill(&mut self, id: u8, writing: Writing) {
        match writing {
            Writing::CutOff => self.finish(),
            Writing::Spoilt if self.rules.holds(Rule::ReadBack) => self.finish(),
            Writing::Spoilt => self.device.stage = Stage::Proving(id),
            Writing::Whole => {
                let slot = self.idle();
                self.device.tear(slot, false);
                self.device.stage = Stage::Proving(id);
            }
        }
    }

    /// The candidate was probed before it is committed.
    pub(crate) fn prove(&mut self, id: u8, network: Network) {
        let verdicts = self.probe(self.device.base(self.scenario), id, network);
        if self.is_lost(verdicts) && self.rules.holds(Rule::ProbeFirst) {
            self.found.event = Some(Event::LossRefused);
            return self.refuse(id);
        }
        self.commit(id);
    }

    /// What the probe says, and whether a bundle that is believed loses a service by it.
    fn is_lost(&mut self, verdicts: Verdicts) -> bool {
        let base = self.device.base(self.scenario);
        let is_believed = base == self.device.seed(self.scenario)
            || !self.scenario.release(base).order.is_left_behind_by(self.device.journal.release_floor);
        self.found.lost = verdicts.is_lost() && is_believed;
        if verdicts.is_lost() && !is_believed && self.rules.holds(Rule::VetoOfBelieved) {
            self.found.event = Some(Event::VetoOverruled);
        }
        verdicts.is_lost() && (is_believed || !self.rules.holds(Rule::VetoOfBelieved))
    }

    fn probe(&self, present: u8, candidate: u8, network: Network) -> Verdicts {
        let chain: Anchors = match network {
            Network::Service => SERVICE,
            Network::Attacker => self.scenario.evil,
            Network::Silence => return Verdicts::default(),
        };
        let denied = self.device.journal.denials;
        let verifies = |id: u8| Some(self.scenario.release(id).anchors & !denied & chain != 0);
        let is_excused = self.scenario.release(candidate).denies & chain != 0;
        Verdicts { present: verifies(present), candidate: verifies(candidate), is_excused }
    }

    fn commit(&mut self, id: u8) {
        let (slot, release) = (self.idle(), noted(self.scenario, id));
        let content = *self.scenario.release(id);
        let verified =
            self.device.memory.denials_order.filter(|_| self.rules.holds(Rule::CommitKeepsDenials));
        let newest = verified.max(Some(self.device.journal.denials_order));
        let is_newest = Some(content.order) >= newest;
        let list = denials(content.order, content.denies);
        let head = self.device.memory.head.map(|head| head_note(self.scenario, head));
        let sealed = rehearsal::sealed(slot, digest(id));
        let committed = self.change(|change| {
            change.commit_trial(&sealed, release, None)?;
            if is_newest {
                change.replace_denials(&list)?;
            }
            change.forget_refusals_below(release.order);
            if let Some(head) = head {
                change.note_head(head);
            }
            Ok(())
        });
        if !committed {
            return self.finish();
        }
        self.found.committed = Some(id);
        self.device.waiting &= self.device.journal.refused;
        if !self.rules.holds(Rule::FloorAtConfirm) {
            self.device.journal.release_floor = self.device.journal.release_floor.max(content.order);
        }
        self.device.stage = Stage::Round { opens: false };
    }

    /// A round of the trial was probed.
    pub(crate) fn round(&mut self, opens: bool, network: Network) {
        if let Stand::Trial { active, .. } = self.device.journal.phase
            && let Some(on_trial) = self.device.journal.entry(active)
        {
            let verdicts = self.probe(self.device.base(self.scenario), on_trial, network);
            let is_lost = self.is_lost(verdicts);
            let is_silent = verdicts.candidate.is_none();
            if is_lost && self.rules.holds(Rule::ProofConfirms) {
                self.count_failure(on_trial);
            } else if is_silent && !self.rules.holds(Rule::EvidenceReverts) {
                self.revert(on_trial);
            } else if verdicts.candidate == Some(true) || !self.rules.holds(Rule::ProofConfirms) {
                self.confirm();
            }
        }
        if opens { self.device.stage = Stage::Head } else { self.finish() }
    }

    fn count_failure(&mut self, on_trial: u8) {
        self.change(|change| change.record_failure().map(|_| ()));
        if self.device.journal.failures >= CONCLUSIVE_FAILURES_MAX {
            self.revert(on_trial);
        }
    }

    fn revert(&mut self, on_trial: u8) {
        self.note_refusal(on_trial);
        self.end_trial();
        self.found.event = Some(Event::Reverted);
    }

    fn confirm(&mut self) {
        self.change(|change| change.confirm());
        self.found.confirmed = true;
        self.found.event = Some(Event::Confirmed);
        if !self.rules.holds(Rule::TimeFloor) {
            let installed = self.scenario.release(self.device.installed(self.scenario));
            self.device.journal.time_floor = installed.issued_at;
        }
    }

    fn refuse(&mut self, id: u8) {
        self.note_refusal(id);
        self.finish();
    }

    fn note_refusal(&mut self, id: u8) {
        let note = refusal(self.scenario, id);
        self.change(|change| {
            change.record_refusal(note);
            Ok(())
        });
        self.device.waiting = (self.device.waiting | 1 << id) & self.device.journal.refused;
    }
}
