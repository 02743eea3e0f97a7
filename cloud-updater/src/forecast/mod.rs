//! What is known today about the days on which anchors will be lost: their own end, the schedules of root programmes,
//! what was announced, what the operator planned.
//!
//! Pure functions from a certificate, and from what sources and records say of it, to dated events. Nothing here decides:
//! an event is a reason to look.

pub mod announcement;
mod event;
pub mod mozilla;

pub use announcement::{Announced, Announcement};
pub use event::{Event, EventKind};

use bundle::UnixSeconds;

use crate::certificate::Certificate;

/// What is known of an anchor beside its certificate.
#[derive(Clone, Debug, Default)]
pub struct Knowledge<'a> {
    /// Mozilla trusts it for TLS, so that its schedule counts.
    pub is_in_mozillas_program: bool,
    /// Day on which its key was made, where an auditor's report says so; never after its notBefore.
    pub key_made: Option<UnixSeconds>,
    /// What root programmes and CAs announced about it.
    pub announced: &'a [Announcement],
    /// Day on which the operator means to take it out, and the day on which that was recorded.
    pub retire: Option<(UnixSeconds, UnixSeconds)>,
}

/// Every event of an anchor that is known on `today`, the nearest first.
#[must_use]
pub fn of_anchor(certificate: &Certificate, knowledge: &Knowledge<'_>, today: UnixSeconds) -> Vec<Event> {
    let event = |kind, day, known_since| Event {
        day,
        kind,
        known_since,
        anchor: certificate.sha256,
        name: certificate.short_name.clone(),
    };
    let mut events = vec![event(EventKind::Expires, certificate.not_after, certificate.not_before)];
    if knowledge.is_in_mozillas_program {
        let made = knowledge.key_made.unwrap_or(certificate.not_before);
        let known = mozilla::announced().max(certificate.not_before);
        events.push(event(EventKind::MozillaTerm, mozilla::last_day(made), known));
    }
    if let Some((day, known_since)) = knowledge.retire {
        events.push(event(EventKind::Retires, day, known_since));
    }
    let announced = knowledge.announced.iter().filter(|it| it.anchor == certificate.sha256);
    events.extend(announced.map(|it| event(EventKind::Announced(it.what.clone()), it.day, it.said)));
    events.retain(|event| event.known_since <= today);
    events.sort();
    events
}
