//! What bare certificates cannot say of a service, and what its policy makes of that.

use bundle::{ExportPolicy, Service, Unexportable, UnixSeconds};

use crate::Profile;

/// What a service's chains must hold beside certificates that lead to its anchors: judging asks for it, and no file of
/// anchors says it.
#[derive(Clone, Copy, Debug)]
pub struct Unsaid<'a> {
    /// The service's policy.
    pub policy: ExportPolicy<'a>,
    /// Entries of the deny list that name no anchor.
    pub denials: usize,
    /// Pins and expected names that were in force when the release was made.
    pub pins: usize,
    /// The rules that it asks of certificates, where this version knows them.
    pub profile: Option<Profile>,
}

impl<'a> Unsaid<'a> {
    /// Of a service of a release that was made at `issued_at`; `denials` entries of the deny list name none of its anchors.
    #[must_use]
    pub fn of(service: &Service<'a>, denials: usize, issued_at: UnixSeconds) -> Self {
        let pins = service.pins.iter().map(|pin| pin.until);
        let names = service.expectations().iter().map(|expectation| expectation.until);
        Self {
            policy: ExportPolicy::of(service),
            denials,
            pins: pins.chain(names).filter(|until| *until > issued_at).count(),
            profile: Profile::asked_by(service),
        }
    }

    /// True where there is something of this kind that a file would lose.
    #[must_use]
    pub const fn has(&self, what: Unexportable) -> bool {
        match what {
            Unexportable::Denials => self.denials > 0,
            Unexportable::Pins => self.pins > 0,
            Unexportable::Profile => self.profile.is_some(),
            // Those are about single anchors.
            Unexportable::Constraints | Unexportable::Dates => false,
        }
    }

    /// True where the policy leaves everything of the service out because of what a file would lose.
    #[must_use]
    pub fn closes(&self) -> bool {
        Unexportable::ALL.into_iter().any(|what| self.has(what) && !self.policy.keeps(what))
    }
}
