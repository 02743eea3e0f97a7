//! The cycle: head, keyrings, and which release to fetch; the engine's `cycle`, `head`, `keyrings` and `target`.

use bundle::{
    Order,
    limits::{HEAD_STEP_MAX, PACK_GENERATIONS_MAX, RELEASE_STEP_MAX},
};
use store::{KeyringBytes, Restated, TransitionError};

use crate::{
    device::{Cycle, Engine, Event, Stage},
    documents::Refused,
    journal::{Journal, Stand, head_note},
    rules::Rule,
};

/// What a file that the device asked for turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Missing {
    /// The server has no such file.
    NotFound,
    /// No answer.
    Unreachable,
}

impl Engine<'_> {
    /// A cycle begins: a round of an open trial, then the head.
    pub(crate) fn begin_cycle(&mut self) {
        self.device.cycle = Cycle::default();
        self.device.stage =
            if self.device.journal.is_trial() { Stage::Round { opens: true } } else { Stage::Head };
    }

    /// The cycle is over: head and check are written down once a day.
    pub(crate) fn finish(&mut self) {
        let cycle = self.device.cycle;
        if cycle.daily_done
            && self.device.memory.is_day_due
            && let Some(head) = self.device.memory.head.filter(|_| cycle.head_accepted)
        {
            self.device.memory.is_day_due = false;
            let note = head_note(self.scenario, head);
            self.change(|change| {
                change.note_head(note);
                Ok(())
            });
        }
        self.device.stage = Stage::Idle;
        self.device.cycle = Cycle::default();
    }

    /// One change of the journal, by the store's own code.
    pub(crate) fn change(
        &mut self,
        edit: impl FnOnce(&mut store::Change<'_>) -> Result<(), TransitionError>,
    ) -> bool {
        let readable = self.device.readable().map(|(slot, _)| slot);
        self.device.journal.change(self.scenario, readable, edit)
    }

    /// A head has arrived.
    pub(crate) fn judge_head(&mut self, id: u8) {
        let head = self.scenario.head(id);
        let judged = self.device.keyring(self.scenario).judge_head(head, self.rules);
        let refused = judged.and_then(|()| self.place_head(id)).err();
        self.found.refused = refused.is_some();
        match refused {
            None => self.accept_head(id),
            Some(Refused::KeyringTooOld(version)) => self.catch_up(version),
            Some(Refused::Epoch) if self.device.cycle.keyrings_asked => self.ask_recovery(),
            Some(Refused::Epoch) => self.ask_next_keyring(),
            Some(Refused::Unsigned) if !self.device.cycle.keyrings_asked => self.ask_next_keyring(),
            Some(Refused::Unsigned | Refused::Other) => self.head_unusable(),
        }
    }

    /// There is no head that can be used: the next keyring is asked for all the same, once a day.
    pub(crate) fn head_unusable(&mut self) {
        let (memory, cycle) = (&self.device.memory, &self.device.cycle);
        if memory.is_day_due && !cycle.keyrings_asked && self.rules.holds(Rule::DailyQuestion) {
            return self.ask_next_keyring();
        }
        self.finish();
    }

    fn place_head(&mut self, id: u8) -> Result<(), Refused> {
        let order = self.scenario.head(id).order;
        let Some((newest, known)) = self.newest_head() else { return Ok(()) };
        if order < newest && self.rules.holds(Rule::HeadOrder) {
            self.found.event = Some(Event::OlderIgnored);
            return Err(Refused::Other);
        }
        if order == newest && known.is_some_and(|known| known != id) && self.rules.holds(Rule::Equivocation) {
            self.found.event = Some(Event::EquivocationRefused);
            return Err(Refused::Other);
        }
        if newest.steps_to(order, HEAD_STEP_MAX) { Ok(()) } else { Err(Refused::Other) }
    }

    /// Order of the newest accepted head, and which one it is where that is known.
    fn newest_head(&self) -> Option<(Order, Option<u8>)> {
        let journal = &self.device.journal;
        let lowest = journal.head_floor;
        let noted = journal.head.filter(|head| self.scenario.head(*head).order == lowest);
        let floor = (lowest != Order::default()).then_some((lowest, noted));
        let in_memory = self.device.memory.head.map(|head| (self.scenario.head(head).order, Some(head)));
        match (in_memory, floor) {
            (Some(in_memory), Some(floor)) if floor.0 > in_memory.0 => Some(floor),
            (in_memory, floor) => in_memory.or(floor),
        }
    }

    fn accept_head(&mut self, id: u8) {
        self.device.memory.head = Some(id);
        self.device.memory.is_stale = false;
        self.device.cycle.head_accepted = true;
        let named = self.scenario.head(id).names_keyring;
        let cycle = self.device.cycle;
        if named > self.device.keyring(self.scenario).order.number {
            self.catch_up(named);
        } else if self.device.memory.is_day_due && !cycle.daily_done && !cycle.keyrings_asked {
            self.ask_next_keyring();
        } else {
            self.decide();
        }
    }

    fn catch_up(&mut self, version: u32) {
        let from = self.device.keyring(self.scenario).order.number;
        let to = version.min(from.saturating_add(PACK_GENERATIONS_MAX));
        match to.saturating_sub(from) {
            0 => self.finish(),
            1 => self.device.stage = Stage::Generation(to),
            _ => self.device.stage = Stage::Pack { from, to },
        }
    }

    fn ask_next_keyring(&mut self) {
        self.device.cycle.keyrings_asked = true;
        self.device.stage = Stage::Generation(self.device.keyring(self.scenario).order.number + 1);
    }

    fn ask_recovery(&mut self) {
        if !self.rules.holds(Rule::RecoveryAsked) {
            self.device.cycle.daily_done = true;
            return self.keyrings_over();
        }
        self.device.stage = Stage::Recovery(self.device.keyring(self.scenario).order.epoch + 1);
    }

    /// Keyring files have arrived: each is accepted or refused on its own, up to the first bad one.
    pub(crate) fn judge_keyrings(&mut self, files: &[u8]) {
        let asked = self.device.stage;
        let before = self.device.keyring(self.scenario).order.number;
        let mut journal = self.device.journal;
        let mut restated = Restated::default();
        let mut refused = false;
        for id in files {
            let (current, next) = (self.scenario.keyring(journal.keyring), self.scenario.keyring(*id));
            if !current.accepts(next, &self.scenario.recovery, self.rules) {
                refused = true;
                break;
            }
            self.note_entitled(journal.keyring, *id);
            journal.keyring = *id;
            restated = Restated {
                release: next.restated.release.or(restated.release),
                head: next.restated.head.or(restated.head),
                time: next.restated.time.or(restated.time),
            };
        }
        let accepted = journal.keyring != self.device.journal.keyring;
        if accepted {
            self.put_in_force(journal.keyring, restated);
        }
        self.found.refused = refused && !accepted;
        if refused {
            return self.keyrings_refused(asked);
        }
        let newer = self.device.keyring(self.scenario).order.number != before;
        self.after_keyrings(asked, newer);
    }

    /// The application is replaced by one with a newer image, whose keyring is in force where it is the newer one.
    pub(crate) fn boot_new_image(&mut self) {
        let Some(image) = self.scenario.new_image else { return };
        self.device.power_cut();
        self.device.has_new_image = true;
        let (kept, brought) = (self.device.keyring(self.scenario), self.scenario.keyring(image.keyring));
        if brought.order <= kept.order {
            return;
        }
        let mut restated = brought.restated;
        // A generation between the two may have restated the floors of roles that have none of the old keys left.
        if self.rules.holds(Rule::ImageRestates) {
            let seed = self.scenario.release(image.seed).order;
            let release = brought.release.replaces(kept.release).then_some(seed);
            let head = brought.head.replaces(kept.head).then(Order::default);
            restated.release = restated.release.or(release);
            restated.head = restated.head.or(head);
        }
        self.found.restated.release |= brought.release.replaces(kept.release);
        self.found.restated.head |= brought.head.replaces(kept.head);
        self.found.restated.time |= self.found.restated.release;
        self.found.event = Some(Event::ImageTaken);
        self.put_in_force(image.keyring, restated);
        self.device.cycle = Cycle::default();
    }

    /// Takes one keyring, as a file brings it; false where it is refused.
    pub(crate) fn take_keyring(&mut self, id: u8) -> bool {
        let (current, next) = (self.device.keyring(self.scenario), self.scenario.keyring(id));
        let accepts = current.accepts(next, &self.scenario.recovery, self.rules);
        self.found.refused = !accepts;
        if accepts {
            self.note_entitled(self.device.journal.keyring, id);
            self.put_in_force(id, next.restated);
        }
        accepts
    }

    /// Notes, apart from the rules, which floors this keyring is entitled to restate.
    fn note_entitled(&mut self, current: u8, next: u8) {
        let (current, next) = (self.scenario.keyring(current), self.scenario.keyring(next));
        let recovered = next.order.epoch > current.order.epoch;
        let may = |replaces: bool| recovered || replaces;
        let entitled = &mut self.found.restated;
        entitled.release |= next.restated.release.is_some() && may(next.release.replaces(current.release));
        entitled.head |= next.restated.head.is_some() && may(next.head.replaces(current.head));
        entitled.time |= next.restated.time.is_some() || entitled.release;
        if recovered {
            self.found.event = Some(Event::Recovered);
        } else if entitled.release || entitled.head {
            self.found.event = Some(Event::FloorRestated);
        }
    }

    fn put_in_force(&mut self, id: u8, restated: Restated) {
        let keyring = self.scenario.keyring(id);
        let before = self.device.journal;
        let outlives = |order: Order| restated.release.is_some_and(|floor| order.is_left_behind_by(floor));
        let trial = before.active().and_then(|slot| before.entry(slot)).filter(|_| before.is_trial());
        let trial_ends = trial.is_some_and(|trial| outlives(self.scenario.release(trial).order));
        let bytes = KeyringBytes::new(&[id]).unwrap_or_default();
        let to_seed = trial_ends && self.rules.holds(Rule::SeedIsFallback);
        self.change(|change| {
            if to_seed {
                change.revert()?;
            }
            change.update_keyring(&bytes, keyring.order, bundle::UnixSeconds(keyring.issued_at), restated)
        });
        if !self.rules.holds(Rule::RestatedFloorOutlives) {
            let Journal { phase, slots, failures, refused, denials_order, .. } = before;
            let now = self.device.journal;
            self.device.journal = Journal { phase, slots, failures, refused, denials_order, ..now };
        }
        self.device.waiting &= self.device.journal.refused;
        self.device.cycle.keyring_changed = true;
        self.device.cycle.head_accepted = false;
        self.device.memory.head = None;
        if restated.release.is_some() && self.rules.holds(Rule::MemoryOutlived) {
            self.device.memory.denials_order = None;
        }
    }

    /// No keyring file, for this reason.
    pub(crate) fn keyrings_missing(&mut self, missing: Missing) {
        match (self.device.stage, missing) {
            (Stage::Pack { from, .. }, Missing::NotFound) => {
                self.device.cycle.keyrings_asked = true;
                self.device.stage = Stage::Generation(from + 1);
            }
            (asked, Missing::NotFound) => self.after_keyrings(asked, false),
            (_, Missing::Unreachable) => self.go_on_without_keyrings(),
        }
    }

    /// A broken or forged file keeps the device neither from the recovery nor from a good head.
    fn keyrings_refused(&mut self, asked: Stage) {
        if matches!(asked, Stage::Recovery(_)) { self.go_on_without_keyrings() } else { self.ask_recovery() }
    }

    fn go_on_without_keyrings(&mut self) {
        let cycle = self.device.cycle;
        if cycle.head_accepted && !cycle.keyring_changed { self.decide() } else { self.finish() }
    }

    fn after_keyrings(&mut self, asked: Stage, accepted: bool) {
        match asked {
            Stage::Generation(_) if accepted && self.device.cycle.keyrings_asked => self.ask_next_keyring(),
            Stage::Generation(_) if self.device.cycle.keyrings_asked => self.ask_recovery(),
            Stage::Recovery(_) => {
                self.device.cycle.daily_done = true;
                self.keyrings_over();
            }
            _ => self.keyrings_over(),
        }
    }

    fn keyrings_over(&mut self) {
        if self.device.cycle.keyring_changed {
            self.device.cycle.keyring_changed = false;
            self.device.stage = Stage::Head;
        } else if self.device.cycle.head_accepted {
            self.decide();
        } else {
            self.finish();
        }
    }

    /// Compares the release that the head names for this device with what it has.
    fn decide(&mut self) {
        let Some(head) = self.device.memory.head.map(|head| *self.scenario.head(head)) else {
            return self.finish();
        };
        let target = if head.in_share { Some(head.release) } else { head.previous };
        let Some(target) = target else { return self.finish() };
        if self.is_wanted(target, head.in_share) {
            self.device.stage = Stage::Manifest(target);
        } else {
            self.finish();
        }
    }

    fn is_wanted(&mut self, target: u8, in_share: bool) -> bool {
        let held = self.device.installed(self.scenario);
        let (held_order, order) = (self.scenario.release(held).order, self.scenario.release(target).order);
        let is_kept =
            self.device.journal.is_trial() || held_order <= self.device.release_floor(self.scenario);
        let is_beyond = !in_share && held_order >= order && is_kept;
        held != target && !is_beyond && self.is_in_order(target) && self.device.waiting >> target & 1 == 0
    }

    /// Order and equivocation, for releases named by a head and for those out of a file.
    pub(crate) fn is_in_order(&mut self, target: u8) -> bool {
        let order = self.scenario.release(target).order;
        let is_other = self.known(order).is_some_and(|known| known != target);
        if is_other && self.rules.holds(Rule::Equivocation) {
            self.found.event = Some(Event::EquivocationRefused);
            return false;
        }
        let lowest = if self.device.journal.is_trial() {
            self.scenario.release(self.device.installed(self.scenario)).order
        } else {
            self.device.release_floor(self.scenario)
        };
        let is_older = order < lowest && self.rules.holds(Rule::ReleaseFloor);
        !is_older && lowest.steps_to(order, RELEASE_STEP_MAX)
    }

    /// The release that this device knows under an order, from wherever it does.
    fn known(&self, order: Order) -> Option<u8> {
        let journal = &self.device.journal;
        let floor = self.device.release_floor(self.scenario);
        let on_trial = match journal.phase {
            Stand::Trial { active, .. } => Some(active),
            Stand::Empty | Stand::Confirmed(_) => None,
        };
        let of_slots = [store::SlotIndex::First, store::SlotIndex::Second].into_iter().filter_map(|slot| {
            let release = journal.entry(slot)?;
            let is_known = self.scenario.release(release).order <= floor || on_trial == Some(slot);
            is_known.then_some(release)
        });
        let of_refusals = (0..16).filter(|release| journal.is_refused(*release));
        let seed = self.device.seed(self.scenario);
        let mut known = core::iter::once(seed).chain(of_slots).chain(of_refusals);
        known.find(|release| self.scenario.release(*release).order == order)
    }
}
