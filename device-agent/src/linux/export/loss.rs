//! What the exported files do not say of the bundle, and what was done about it.

use std::collections::BTreeMap;
use std::fmt;

use bundle::Unexportable;
use serde::Serialize;

/// Something that the bundle says and some files do not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Loss {
    /// What of the bundle.
    pub constraint: Constraint,
    /// The service whose it is; nothing where it is an anchor's.
    pub service: Option<String>,
    /// The most telling part of the anchor's subject; nothing where it is a service's.
    pub anchor: Option<String>,
    /// SHA-256 of the anchor's certificate, in hexadecimal.
    pub sha256: Option<String>,
    /// What exactly, for people.
    pub details: String,
    /// What was done.
    pub done: Done,
    /// The files and folders that do not say it.
    pub files: Vec<String>,
}

/// What of a bundle may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Limits in the anchor's own certificate, beside its dates: names, purposes.
    Certificate,
    /// Constraints on the anchor: limits of dates and names that its certificate does not hold.
    Constraints,
    /// That the anchor had ended when the release was made, or will.
    Dates,
    /// Entries of the deny list that name no anchor.
    Denials,
    /// The anchor itself, whose subject has no name in a hashed folder.
    Name,
    /// What the service's chains must hold.
    Pins,
    /// Rules that certificates keep to beside those of path validation.
    Profile,
    /// What anchors may vouch for.
    Purposes,
}

/// What was done where a file cannot say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The file holds the certificate, which says it itself: it is enforced by the programs that look there.
    EnforcedElsewhere,
    /// The file does not hold what it concerns.
    Excluded,
    /// The file holds it all the same: nobody who reads it knows of the limit.
    Kept,
}

/// Losses while files are made, each once, with its files.
#[derive(Debug, Default)]
pub(super) struct Losses(BTreeMap<Loss, Vec<String>>);

impl Losses {
    /// Notes that `file` does not say what `loss` is about.
    pub(super) fn note(&mut self, loss: Loss, file: &str) {
        let files = self.0.entry(loss).or_default();
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }

    /// All of them, those of a kind together.
    pub(super) fn into_list(self) -> Vec<Loss> {
        self.0.into_iter().map(|(loss, files)| Loss { files, ..loss }).collect()
    }
}

impl Loss {
    /// A loss of an anchor's, in no file yet.
    pub(super) fn of_anchor(
        constraint: Constraint,
        anchor: (&str, &str),
        details: String,
        done: Done,
    ) -> Self {
        let (subject, sha256) = anchor;
        Self {
            anchor: Some(subject.to_owned()),
            sha256: Some(sha256.to_owned()),
            ..Self::of_bundle(constraint, details, done)
        }
    }

    /// A loss of a service's, in no file yet.
    pub(super) fn of_service(constraint: Constraint, service: &str, details: String, done: Done) -> Self {
        Self { service: Some(service.to_owned()), ..Self::of_bundle(constraint, details, done) }
    }

    /// A loss of all anchors, in no file yet.
    pub(super) const fn of_bundle(constraint: Constraint, details: String, done: Done) -> Self {
        Self { constraint, service: None, anchor: None, sha256: None, details, done, files: Vec::new() }
    }

    /// True where a person should know: not where whoever reads the file finds the limit in the certificate.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(self.done, Done::Kept) && !matches!(self.constraint, Constraint::Purposes)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match (&self.anchor, &self.service) {
            (Some(anchor), _) => anchor,
            (None, Some(service)) => service,
            (None, None) => "every anchor",
        };
        write!(f, "{whose}: {}; {} {}", self.details, self.done.words(), self.places())
    }
}

/// The files and folders of no service.
const SHARED: [&str; 5] = ["anchors.der", "der/", "hashed/", "truststore.p12", "whole.pem"];

impl Loss {
    /// The files, as briefly as people read them.
    fn places(&self) -> String {
        if self.anchor.is_none() && self.service.is_none() {
            return "every file".to_owned();
        }
        let mut places: Vec<String> = Vec::new();
        let is_in = |name: &&'static str| self.files.iter().any(|file| file == name);
        if SHARED.iter().all(is_in) {
            places.push("every shared file".to_owned());
        } else {
            places.extend(SHARED.into_iter().filter(is_in).map(str::to_owned));
        }
        let stem = |file: &str| file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
        for file in self.files.iter().filter(|file| !SHARED.contains(&file.as_str())) {
            let forms = if file.starts_with("applications/") { 2 } else { 3 };
            let of_one = self.files.iter().filter(|other| stem(other) == stem(file)).count();
            let place = if of_one == forms { stem(file) + ".*" } else { file.clone() };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.join(", ")
    }
}

impl Constraint {
    /// The one that a service's policy calls so.
    pub(super) const fn of(what: Unexportable) -> Self {
        match what {
            Unexportable::Constraints => Self::Constraints,
            Unexportable::Dates => Self::Dates,
            Unexportable::Denials => Self::Denials,
            Unexportable::Pins => Self::Pins,
            Unexportable::Profile => Self::Profile,
        }
    }
}

impl Done {
    /// What was done, in front of the files' names.
    const fn words(self) -> &'static str {
        match self {
            Self::EnforcedElsewhere => "enforced by whoever looks at the certificate itself, in",
            Self::Excluded => "left out of",
            Self::Kept => "not said by",
        }
    }
}
