//! What a service's policy is about everything that no exported file can say.

use crate::{Service, extension_id};

/// Something that a bundle says and bare certificates cannot: whoever reads them does not know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unexportable {
    /// Constraints on an anchor: limits of dates and names that its certificate does not hold.
    Constraints,
    /// That an anchor's certificate, or everything that its constraints allow, had ended when the release was made.
    Dates,
    /// Entries of the deny list that name no anchor: intermediates, servers, keys.
    Denials,
    /// What the service's chains must hold: pins and expected names.
    Pins,
    /// Rules that certificates keep to beside those of path validation.
    Profile,
}

/// What is done where a file cannot say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExportChoice {
    /// What it concerns is left out of the service's files.
    Exclude,
    /// The file holds it all the same, and the device says what is lost.
    Keep,
}

/// A service's policy about its exported files ([`extension_id::EXPORT_POLICY`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportPolicy<'a>(&'a [u8]);

impl Unexportable {
    /// All of it.
    pub const ALL: [Self; 5] = [Self::Constraints, Self::Dates, Self::Denials, Self::Pins, Self::Profile];

    /// The name by which a policy and an operator's service file call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constraints => "constraints",
            Self::Dates => "dates",
            Self::Denials => "denials",
            Self::Pins => "pins",
            Self::Profile => "profile",
        }
    }

    /// What is done where the policy says nothing. An anchor without its constraints would be trusted for more than the
    /// bundle says, and an expired one is of no use, so they stay out; the others are the rule for every file since there
    /// are trust stores, and a warning is better than none at all.
    #[must_use]
    pub const fn default_choice(self) -> ExportChoice {
        match self {
            Self::Constraints | Self::Dates => ExportChoice::Exclude,
            Self::Denials | Self::Pins | Self::Profile => ExportChoice::Keep,
        }
    }
}

impl ExportChoice {
    /// The name by which a policy and an operator's service file call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Keep => "keep",
        }
    }
}

impl<'a> ExportPolicy<'a> {
    /// The policy of a service; an empty one where it has none.
    #[must_use]
    pub fn of(service: &Service<'a>) -> Self {
        let own = service.extensions.iter().find(|extension| extension.id == extension_id::EXPORT_POLICY);
        own.map(|extension| Self(extension.content)).unwrap_or_default()
    }

    /// The policy that an extension's content is.
    #[must_use]
    pub const fn new(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// What the policy says of `what`; `None` where it says nothing, or nothing that this version knows.
    #[must_use]
    pub fn choice(&self, what: Unexportable) -> Option<ExportChoice> {
        let entry = |entry: &'a [u8]| {
            let at = entry.iter().position(|byte| *byte == b'=')?;
            let (name, choice) = (entry.get(..at)?, entry.get(at.checked_add(1)?..)?);
            let known = [ExportChoice::Exclude, ExportChoice::Keep];
            let choice = known.into_iter().find(|known| known.name().as_bytes() == choice)?;
            (name == what.name().as_bytes()).then_some(choice)
        };
        self.0.split(|byte| *byte == b',').find_map(entry)
    }

    /// True where a file may hold what it cannot say this of, by the policy or, where it says nothing, by the default.
    #[must_use]
    pub fn keeps(&self, what: Unexportable) -> bool {
        self.choice(what).unwrap_or_else(|| what.default_choice()) == ExportChoice::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_names_and_choices_and_what_nobody_knows_is_passed_over() {
        let policy = ExportPolicy::new(b"constraints=keep,later=exclude,pins=exclude,profile=maybe,,dates");
        assert_eq!(policy.choice(Unexportable::Constraints), Some(ExportChoice::Keep));
        assert_eq!(policy.choice(Unexportable::Pins), Some(ExportChoice::Exclude));
        for silent in [Unexportable::Dates, Unexportable::Denials, Unexportable::Profile] {
            assert_eq!(policy.choice(silent), None, "{}", silent.name());
        }
        assert_eq!(ExportPolicy::default().choice(Unexportable::Pins), None);
    }
}
