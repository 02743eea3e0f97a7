//! `[applications.<name>]`: who on this device uses the bundle, and how it is told that it changed.

use std::collections::BTreeMap;
use std::time::Duration;

use bundle::limits::{APPLICATION_NAME_BYTES_MAX, APPLICATIONS_MAX, SERVICE_NAME_BYTES_MAX};
use serde::Deserialize;

use super::file::ApplicationSection;
use super::hook::{Hook, hook};
use super::settings::{check_name, seconds};
use crate::linux::error::Error;

/// Longest run of a hook unless told otherwise, in seconds.
const HOOK_SECONDS: u64 = 30;
/// Longest run of a hook that may be asked for, in seconds: hooks run within a cycle, side by side.
const HOOK_SECONDS_MAX: u64 = 300;

/// An application of this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name, for people and for files.
    pub name: String,
    /// The services that it talks to; nothing where it is every one.
    pub services: Option<Vec<String>>,
    /// How it is told that something changed.
    pub reload: Option<Hook>,
    /// How it is told that an anchor left, where that is not the same.
    pub on_removal: Option<Hook>,
    /// Longest run of a hook.
    pub timeout: Duration,
    /// What it notices by itself.
    pub follows: Follows,
    /// What it trusts beside the bundle.
    pub trust: TrustChoice,
}

/// What an application trusts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustChoice {
    /// The system's anchors as well.
    Add,
    /// The bundle's anchors and nothing else.
    #[default]
    Replace,
}

/// What an application notices by itself while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Follows {
    /// That anchors came, but not that they left: OpenSSL with a hashed directory.
    Additions,
    /// Every change: what links `trust-store`.
    Everything,
    /// Nothing: it reads its anchors once, at its start.
    #[default]
    Nothing,
}

/// The applications of a file.
pub(super) fn applications(
    sections: BTreeMap<String, ApplicationSection>,
) -> Result<Vec<Application>, Error> {
    if sections.len() > APPLICATIONS_MAX {
        let message = format!("{} are more than {APPLICATIONS_MAX}", sections.len());
        return Err(Error::usage("too_many", message).field("applications"));
    }
    sections.into_iter().map(|(name, section)| application(name, section)).collect()
}

fn application(name: String, section: ApplicationSection) -> Result<Application, Error> {
    let field = format!("applications.{name}");
    check_application_name(&name)?;
    let services = section.services.map(|services| checked_services(services, &field)).transpose()?;
    let hook_of =
        |section: Option<_>, key| section.map(|section| hook(section, &format!("{field}.{key}"))).transpose();
    Ok(Application {
        services,
        reload: hook_of(section.reload, "reload")?,
        on_removal: hook_of(section.on_removal, "on-removal")?,
        timeout: seconds(
            section.timeout_seconds,
            HOOK_SECONDS,
            HOOK_SECONDS_MAX,
            &format!("{field}.timeout-seconds"),
        )?,
        follows: section.follows,
        trust: section.trust,
        name,
    })
}

/// An application's name is a file of the exports, and stands in reports.
fn check_application_name(name: &str) -> Result<(), Error> {
    let fine = (1..=APPLICATION_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fine {
        return Ok(());
    }
    let message = format!(
        "{name:?} is not an application's name: 1 to {APPLICATION_NAME_BYTES_MAX} lower-case letters, digits, \
         hyphens"
    );
    Err(Error::usage("bad_name", message).field("applications"))
}

fn checked_services(mut services: Vec<String>, field: &str) -> Result<Vec<String>, Error> {
    if services.is_empty() {
        let error = Error::usage("no_services", "names no service").field(format!("{field}.services"));
        return Err(error.hint("leave it out where the application talks to every service"));
    }
    for (index, service) in services.iter().enumerate() {
        check_name(service, SERVICE_NAME_BYTES_MAX, &format!("{field}.services[{index}]"))?;
    }
    services.sort();
    services.dedup();
    Ok(services)
}
