//! One device of the fleet: its class, and what luck made of it.

use bundle::UnixSeconds;
use device_agent::Clock;

use crate::{
    attack::Attack,
    luck::Luck,
    scenario::{Class, ClockKind, Outage, milliseconds},
    world::World,
};

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// A device.
#[derive(Clone, Debug)]
pub struct Device<'w> {
    /// Its number in the fleet, from 0.
    pub number: u64,
    /// Its id, as enrolled.
    pub id: String,
    /// Its class.
    pub class: &'w Class,
    /// When it is switched on for the first time, in milliseconds since the start.
    pub first_start: u64,
    /// When its network comes up each day, in milliseconds of the day.
    online_from: u64,
    /// The attackers that control its answers.
    pub attacks: Vec<&'w Attack>,
    /// The outages that strike it.
    outages: Vec<&'w Outage>,
}

impl<'w> Device<'w> {
    /// The device with this number.
    #[must_use]
    pub fn new(world: &'w World, number: u64) -> Self {
        let draw = |purpose: &str| Luck::of(world.seed, number, purpose);
        let class = class_of(&world.scenario.classes, draw("class").part());
        let attacks = world.attacks.iter();
        let attacks = attacks.filter(|attack| draw(&attack.name).happens(attack.percent)).collect();
        let outages = world.scenario.outages.iter();
        // Named after when it comes, so that taking another one away moves nothing.
        let struck =
            |outage: &&Outage| draw(&format!("outage {}", outage.from_hours)).happens(outage.percent);
        Self {
            number,
            id: format!("device-{number}"),
            class,
            first_start: draw("first start").below(milliseconds(class.start_within_hours).max(1)),
            online_from: draw("online").below(DAY),
            attacks,
            outages: outages.filter(struck).collect(),
        }
    }

    /// Another luck of this device with what `purpose` names.
    pub(crate) fn luck(&self, world: &World, purpose: &str) -> Luck {
        Luck::of(world.seed, self.number, purpose)
    }

    /// True while its network is there.
    #[must_use]
    pub fn is_online(&self, at: u64) -> bool {
        let open = milliseconds(self.class.online_hours_a_day);
        open >= DAY || (at + DAY - self.online_from) % DAY < open
    }

    /// When its network comes up next; `None` where it is never away.
    #[must_use]
    pub fn next_online(&self, at: u64) -> Option<u64> {
        let open = milliseconds(self.class.online_hours_a_day);
        (open < DAY).then(|| at + DAY - (at + DAY - self.online_from) % DAY)
    }

    /// The outage that strikes it now.
    #[must_use]
    pub fn outage(&self, at: u64) -> Option<&'w Outage> {
        self.outages
            .iter()
            .copied()
            .find(|outage| (milliseconds(outage.from_hours)..milliseconds(outage.until_hours)).contains(&at))
    }

    /// The attacker that answers it now.
    #[must_use]
    pub fn attack(&self, at: u64, at_endpoints: bool) -> Option<&'w Attack> {
        let here = |attack: &&&Attack| attack.is_on(at) && attack.is_at_endpoints() == at_endpoints;
        self.attacks.iter().find(here).copied()
    }

    /// True where nothing but its own faults keeps it from the tree between two moments.
    #[must_use]
    pub fn is_undisturbed(&self, from: u64, until: u64) -> bool {
        let apart = |start: u64, end: u64| end <= from || until <= start;
        let outages = self
            .outages
            .iter()
            .all(|outage| apart(milliseconds(outage.from_hours), milliseconds(outage.until_hours)));
        let portal = self.first_start + milliseconds(self.class.portal_hours) <= from;
        outages && portal && self.attacks.iter().all(|attack| apart(attack.from, attack.until))
    }

    /// True where a thief with keys that devices follow ever spoke to it before a moment.
    #[must_use]
    pub fn met_a_thief(&self, at: u64) -> bool {
        self.attacks.iter().any(|attack| attack.is_thief() && attack.from <= at)
    }

    /// What its clock says, at a moment whose true time this is.
    #[must_use]
    pub fn clock(&self, time: UnixSeconds, uptime_seconds: u64) -> Clock {
        match self.class.clock {
            ClockKind::Right => Clock::Known(time),
            ClockKind::Unknown => Clock::Unknown,
            ClockKind::Late { minutes } if uptime_seconds < minutes * 60 => Clock::Unknown,
            ClockKind::Late { .. } => Clock::Known(time),
            ClockKind::Wrong { days } => {
                Clock::Known(UnixSeconds(time.0.saturating_add_signed(days * 86_400)))
            }
        }
    }
}

/// The class at a place from 0 to 1 of the fleet.
fn class_of(classes: &[Class], place: f64) -> &Class {
    let whole: f64 = classes.iter().map(|class| class.weight).sum();
    let mut reached = 0.0;
    let found = classes.iter().find(|class| {
        reached += class.weight / whole;
        place < reached
    });
    // A scenario without classes is refused when it is read, and rounding may leave the last one short of 1.
    found.or_else(|| classes.last()).unwrap_or_else(|| unreachable!("a scenario has a class"))
}
