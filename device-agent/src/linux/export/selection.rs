//! Which anchors stand in which file, and what is lost on the way, by the services' policies.

use bundle::{ExportChoice, ExportPolicy, Manifest, Service, Unexportable, UnixSeconds, extension_id};
use chain::{DateText, Profile};

use super::entry::Entry;
use super::loss::{Constraint, Done, Loss, Losses};
use super::omission::Form;

/// Chooses the anchors of one file after the other.
pub(super) struct Selection<'a> {
    entries: &'a [Entry<'a>],
    services: Vec<Limited<'a>>,
    issued_at: UnixSeconds,
    losses: Losses,
}

/// A service, with what no file can say of it.
struct Limited<'a> {
    service: Service<'a>,
    policy: ExportPolicy<'a>,
    limits: Vec<(Constraint, String)>,
    /// True where the policy leaves everything of the service out because of one of them.
    is_closed: bool,
}

impl<'a> Selection<'a> {
    /// Of the manifest's anchors; `denials` entries of the deny list name none of them.
    pub(super) fn new(manifest: &Manifest<'a>, entries: &'a [Entry<'a>], denials: usize) -> Self {
        let issued_at = manifest.header().issued_at;
        let services = manifest.services().map(|service| Limited::of(service, denials, issued_at));
        Self { entries, services: services.collect(), issued_at, losses: Losses::default() }
    }

    /// The anchors of a file that is of no service.
    pub(super) fn shared(&mut self, file: &str, form: Form) -> Vec<&'a Entry<'a>> {
        let is_open = |entry: &&Entry<'_>| {
            let mut serving = self.services.iter().filter(|known| known.includes(entry)).peekable();
            serving.peek().is_none() || serving.any(|known| !known.is_closed)
        };
        let candidates: Vec<&Entry<'_>> = self.entries.iter().filter(is_open).collect();
        self.chosen(candidates, file, form, ExportPolicy::default(), |_| true)
    }

    /// The anchors of a service's file.
    pub(super) fn of_service(&mut self, name: &str, file: &str, form: Form) -> Vec<&'a Entry<'a>> {
        let Some(known) = self.services.iter().find(|known| known.service.name == name) else {
            return Vec::new();
        };
        let of_service = self.entries.iter().filter(|entry| known.includes(entry) && !known.is_closed);
        let (candidates, policy) = (of_service.collect(), known.policy);
        self.chosen(candidates, file, form, policy, |known| known.service.name == name)
    }

    /// The anchors of an application's file: those of its services, or all of them.
    pub(super) fn of_application(
        &mut self,
        services: Option<&[String]>,
        file: &str,
        form: Form,
    ) -> Vec<&'a Entry<'a>> {
        match services {
            None => self.shared(file, form),
            Some([service]) => self.of_service(service, file, form),
            Some(services) => {
                let is_meant = |known: &Limited<'_>| services.iter().any(|name| name == known.service.name);
                let open = self.services.iter().filter(|known| is_meant(known) && !known.is_closed);
                let open: Vec<&Limited<'_>> = open.collect();
                let serves = |entry: &&Entry<'_>| open.iter().any(|known| known.includes(entry));
                let candidates = self.entries.iter().filter(serves).collect();
                self.chosen(candidates, file, form, ExportPolicy::default(), is_meant)
            }
        }
    }

    /// Everything that was lost in the files that were asked for.
    pub(super) fn into_losses(self) -> Vec<Loss> {
        self.losses.into_list()
    }

    /// Those of `candidates` that may stand in the file; notes what it loses of them and of the services it is for.
    fn chosen(
        &mut self,
        candidates: Vec<&'a Entry<'a>>,
        file: &str,
        form: Form,
        policy: ExportPolicy<'_>,
        concerns: impl Fn(&Limited<'_>) -> bool,
    ) -> Vec<&'a Entry<'a>> {
        let mut chosen = Vec::new();
        for entry in candidates.into_iter().filter(|entry| entry.omitted.is_none()) {
            if self.admits(entry, file, form, policy) {
                chosen.push(entry);
            }
        }
        for known in self.services.iter().filter(|known| concerns(known)) {
            let is_there = chosen.iter().any(|entry| known.includes(entry));
            let done = if is_there { Done::Kept } else { Done::Excluded };
            for (constraint, details) in &known.limits {
                let loss = Loss::of_service(*constraint, known.service.name, details.clone(), done);
                self.losses.note(loss, file);
            }
        }
        for (constraint, details) in [
            (Constraint::Dates, "the dates of its certificate, from the release's on"),
            (Constraint::Purposes, "that it vouches for TLS servers alone"),
        ] {
            let done = if constraint == Constraint::Dates { Done::EnforcedElsewhere } else { Done::Kept };
            if !chosen.is_empty() {
                self.losses.note(Loss::of_bundle(constraint, details.to_owned(), done), file);
            }
        }
        chosen
    }

    /// True where the anchor stands in the file.
    fn admits(&mut self, entry: &Entry<'_>, file: &str, form: Form, policy: ExportPolicy<'_>) -> bool {
        let mut note = |constraint, details: String, done| {
            let anchor = (entry.subject.as_str(), entry.sha256_text.as_str());
            self.losses.note(Loss::of_anchor(constraint, anchor, details, done), file);
            done != Done::Excluded
        };
        let by = |choice| if choice == ExportChoice::Keep { Done::Kept } else { Done::Excluded };
        if !entry.is_for_servers() {
            return note(Constraint::Purposes, entry.purposes_text(), Done::Excluded);
        }
        if form == Form::Hashed && entry.hash.is_none() {
            return note(Constraint::Name, "its subject has no hash".to_owned(), Done::Excluded);
        }
        let mut stands = true;
        if let Some(end) = entry.end().filter(|end| *end < self.issued_at) {
            let choice = policy.choice(Unexportable::Dates);
            let choice = choice.unwrap_or_else(|| Unexportable::Dates.default_choice());
            stands &= note(Constraint::Dates, format!("it ended at {}", DateText(end)), by(choice));
        }
        if let Some(details) = entry.constraints_text() {
            let choice = policy.choice(Unexportable::Constraints);
            stands &=
                note(Constraint::Constraints, details, by(choice.unwrap_or_else(|| entry.choice(form))));
        }
        if stands && entry.has_own_limits {
            let details = "limits of names or purposes in its own certificate".to_owned();
            note(Constraint::Certificate, details, Done::EnforcedElsewhere);
        }
        stands
    }
}

impl<'a> Limited<'a> {
    fn of(service: Service<'a>, denials: usize, issued_at: UnixSeconds) -> Self {
        let policy = ExportPolicy::of(&service);
        let pins = service.pins.iter().map(|pin| pin.until);
        let names = service.expectations().iter().map(|expectation| expectation.until);
        let pins = pins.chain(names).filter(|until| *until > issued_at).count();
        let profile = service.extensions.iter().find(|extension| extension.id == extension_id::PROFILE);
        let profile = profile.and_then(|extension| Profile::named(extension.content));
        let found = [
            (Unexportable::Denials, (denials > 0).then(|| format!("denials that name no anchor: {denials}"))),
            (Unexportable::Pins, (pins > 0).then(|| format!("its pins and expected names: {pins}"))),
            (
                Unexportable::Profile,
                profile.map(|profile| format!("the rules of profile {}", profile.name())),
            ),
        ];
        let mut is_closed = false;
        let mut limits = Vec::new();
        for (what, details) in found.into_iter().filter_map(|(what, details)| Some((what, details?))) {
            let choice = policy.choice(what).unwrap_or_else(|| what.default_choice());
            is_closed |= choice == ExportChoice::Exclude;
            limits.push((Constraint::of(what), details));
        }
        Self { service, policy, limits, is_closed }
    }

    fn includes(&self, entry: &Entry<'_>) -> bool {
        self.service.anchors.include(entry.index)
    }
}

#[cfg(test)]
mod tests;
