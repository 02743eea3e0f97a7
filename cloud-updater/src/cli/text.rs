//! Documents in words, as several commands show them.

use bundle::write::{KeyringContent, RoleContent, ServiceContent};
use bundle::{HostPattern, Order, Sha256};

use crate::date;

/// A count with its noun: "1 anchor", "2 anchors".
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What to know about probing a service; `None` where devices have something to probe, or are not asked to.
pub(super) fn probe_note(service: &str, probe: bool, hosts: &[String]) -> Option<String> {
    let is_wild = probe && hosts.iter().all(|host| HostPattern(host).is_wildcard());
    is_wild.then(|| format!("service {service}: nothing to probe until a device names a host of its own"))
}

/// As [`probe_note`], for the services of a manifest: one line each.
pub(super) fn probe_notes(services: &[ServiceContent]) -> String {
    let notes =
        services.iter().filter_map(|service| probe_note(&service.name, service.probe, &service.hosts));
    notes.map(|note| format!("{note}\n")).collect()
}

/// A keyring, role by role.
pub(super) fn keyring_text(order: Order, content: &KeyringContent) -> String {
    let mut text = format!("keyring {order} of the fleet {:?}\n", content.fleet);
    let roles = [
        ("keyring", Some(&content.keyring)),
        ("release", Some(&content.release)),
        ("head", Some(&content.head)),
        ("echo", content.echo.as_ref()),
    ];
    for (name, role) in roles.into_iter().filter_map(|(name, role)| Some((name, role?))) {
        text.push_str(&format!("  {name:<8} {}\n", role_text(role)));
    }
    let recovery = if content.recovery_commitment == Sha256([0; 32]) {
        "none: lost or stolen thresholds cannot be recovered".to_owned()
    } else {
        format!("committed to {}", content.recovery_commitment)
    };
    text.push_str(&format!("  recovery {recovery}\n"));
    for floor in content.floors.iter() {
        text.push_str(&format!(
            "  floor    {} of channel {} restated: {}\n",
            floor.role,
            floor.channel,
            floor.order()
        ));
    }
    if let Some(time) = content.time_floor {
        text.push_str(&format!("  floor    of time: {}\n", date::instant(time)));
    }
    text
}

fn role_text(role: &RoleContent) -> String {
    let keys = role.keys.iter().map(|key| format!("{} ({})", key.name.escape_debug(), key.as_key().id()));
    format!("{} of {}: {}", role.threshold, role.keys.len(), keys.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_plural() {
        assert_eq!(
            [counted(0, "anchor"), counted(1, "anchor"), counted(2, "anchor")].join(" "),
            "0 anchors 1 anchor 2 anchors"
        );
    }

    #[test]
    fn a_probed_service_of_wildcards_alone_says_that_nothing_is_probed_yet() {
        let hosts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(probe_note("hub", true, &hosts(&["*.a.example", "*.b.example:8883"])).is_some());
        assert_eq!(probe_note("hub", true, &hosts(&["*.a.example", "b.example"])), None);
        assert_eq!(probe_note("hub", false, &hosts(&["*.a.example"])), None);
    }
}
