//! Where the applications of this device stand.

use std::fmt;

use serde::Serialize;
use trust_store::Installed;

use super::{Finding, words::line};
use crate::Mode;
use crate::linux::applications::{Ledger, Subject};
use crate::linux::configuration::Settings;

/// The applications that the configuration names.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Applications {
    /// Why what they were told is not known.
    pub fault: Option<String>,
    /// Each of them, in the order of their names; none in observe mode, where nobody is told.
    pub subjects: Vec<Subject>,
}

impl Applications {
    /// What is known of them. The agent is not asked, and need not run.
    #[must_use]
    pub fn of(settings: &Settings, installed: Option<&Installed>) -> Self {
        let Some(installed) = installed.filter(|_| settings.mode == Mode::Install) else {
            return Self::default();
        };
        if settings.applications.is_empty() {
            return Self::default();
        }
        let path = Ledger::path(settings);
        let (ledger, fault) = match Ledger::read(&path) {
            Ok(ledger) => (ledger, None),
            Err(fault) => (Ledger::default(), Some(format!("{} {}", path.display(), fault.words()))),
        };
        Self { fault, subjects: Subject::all(&settings.applications, &ledger, installed) }
    }

    /// What a person should look at.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        let fault = self.fault.iter().map(|fault| {
            Finding::new("applications_unreadable", format!("{fault}: every application is told once more"))
        });
        let behind = self.subjects.iter().filter(|subject| !subject.is_well).map(|subject| {
            let (trusts, lacks) = (subject.trust_words(), subject.lack_words());
            let code = if trusts.is_some() { "application_still_trusts" } else { "application_not_told" };
            let more: Vec<String> = trusts.into_iter().chain(lacks).collect();
            let more = if more.is_empty() { String::new() } else { format!("; {}", more.join("; ")) };
            Finding::new(code, format!("{subject}{more}"))
        });
        let unknown = self.subjects.iter().flat_map(|subject| {
            let name = &subject.application;
            subject.unknown_services.iter().map(move |service| {
                let message = format!("{name} talks to {service}, which is no service of the release");
                Finding::new("application_service_unknown", message)
            })
        });
        fault.chain(behind).chain(unknown)
    }

    /// One line each.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, subject) in self.subjects.iter().enumerate() {
            let name = if index == 0 { "application" } else { "" };
            let release = subject.release.as_ref().map_or_else(String::new, |it| format!(" (release {it})"));
            line(f, name, format_args!("{subject}{release}"))?;
        }
        Ok(())
    }
}
