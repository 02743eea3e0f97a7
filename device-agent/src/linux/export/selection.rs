//! Which anchors stand in which file, and what is lost on the way, by the services' policies.

use bundle::{ExportChoice, ExportPolicy, Manifest, Service, Unexportable, UnixSeconds};
use chain::{DateText, Unsaid};
use trust_store::Installed;

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
    /// Of the anchors of a manifest, which is that of `installed`.
    pub(super) fn new(manifest: &Manifest<'a>, entries: &'a [Entry<'a>], installed: &Installed) -> Self {
        let (issued_at, denials) = (manifest.header().issued_at, installed.denials_of_no_anchor());
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
            let done = if policy.keeps(Unexportable::Dates) { Done::Kept } else { Done::Excluded };
            stands &= note(Constraint::Dates, format!("it ended at {}", DateText(end)), done);
        }
        if let Some(details) = entry.constraints_text() {
            stands &= note(Constraint::Constraints, details, by(entry.choice(form, policy)));
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
        let unsaid = Unsaid::of(&service, denials, issued_at);
        let profile = unsaid.profile.unwrap_or_default().name();
        let found = [
            (Unexportable::Denials, format!("denials that name no anchor: {}", unsaid.denials)),
            (Unexportable::Pins, format!("its pins and expected names: {}", unsaid.pins)),
            (Unexportable::Profile, format!("the rules of profile {profile}")),
        ];
        let found = found.into_iter().filter(|(what, _)| unsaid.has(*what));
        let limits = found.map(|(what, details)| (Constraint::of(what), details)).collect();
        Self { service, policy: unsaid.policy, limits, is_closed: unsaid.closes() }
    }

    fn includes(&self, entry: &Entry<'_>) -> bool {
        self.service.anchors.include(entry.index)
    }
}

#[cfg(test)]
mod tests;
