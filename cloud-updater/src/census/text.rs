//! The census for people.

use super::{AnchorUse, Census, ServiceUse};
use crate::fleet::Table;

/// What is said where nobody says anything.
const NOBODY: &str = "no device says which anchors it needs: let agents do so with census = true under [report] of agent.toml\n";

/// Anchors without a name that are shown: a device that lies can name many.
const UNKNOWN_MAX: usize = 5;

/// Who says anything, which services were seen, and which anchors they needed.
#[must_use]
pub fn table(census: &Census) -> String {
    let Census { channel, days, devices_reporting, devices_counted, .. } = census;
    let mut text = format!(
        "{channel}: {devices_counted} of {devices_reporting} reporting devices say which anchors they need; what they saw in \
         the last {days} days counts\n"
    );
    if *devices_counted == 0 {
        return text + NOBODY;
    }
    let (observed, all) = (census.services_observed, census.services.len());
    text.push_str(&format!("{observed} of {all} services were seen by a device\n\n"));
    let mut services = Table::new(["SERVICE", "DEVICES", "SHARE", ""]);
    for ServiceUse { service, in_release, devices, share } in &census.services {
        let note = match (in_release, devices) {
            (false, _) => "not in the release",
            (true, 0) => "never seen: nothing is known of its anchors",
            (true, _) => "",
        };
        services.push([service.clone(), devices.to_string(), share.to_string(), note.to_owned()]);
    }
    let mut anchors = Table::new(["ANCHOR", "DEVICES", "BY IT ALONE", "LAST SEEN", "SERVICES"]);
    let is_known = |anchor: &&AnchorUse| anchor.name.is_some();
    let (known, unknown): (Vec<_>, Vec<_>) = census.anchors.iter().partition(is_known);
    known.iter().chain(unknown.iter().take(UNKNOWN_MAX)).for_each(|anchor| anchors.push(row(anchor)));
    let more = match unknown.len().saturating_sub(UNKNOWN_MAX) {
        0 => String::new(),
        more => format!("{more} more anchors that nobody here knows: --json has them\n"),
    };
    format!("{text}{services}\n{anchors}{more}")
}

fn row(anchor: &AnchorUse) -> [String; 5] {
    let name = anchor.name.clone().unwrap_or_else(|| format!("unknown, SHA-256 {}…", anchor.mark));
    let name = if anchor.in_release { name } else { format!("{name} (not in the release)") };
    let services: Vec<&str> = anchor.services.iter().map(String::as_str).collect();
    [
        name,
        anchor.devices.to_string(),
        anchor.devices_by_it_alone.to_string(),
        anchor.last_seen.clone().unwrap_or_else(|| "-".to_owned()),
        if services.is_empty() { "-".to_owned() } else { services.join(", ") },
    ]
}
