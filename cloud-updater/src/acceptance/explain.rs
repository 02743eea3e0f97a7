//! Documents in words, for people who want to know what devices are told.

use bundle::{
    Anchor, AnchorIndex, Head, HostPattern, Keyring, Manifest, Purposes, Role, Service, Sha256, UnixSeconds,
};

use super::head::percent;
use crate::certificate::Certificate;
use crate::{date, requirement};

/// What a keyring means.
pub(super) fn keyring(keyring: &Keyring<'_>) -> Vec<String> {
    let mut lines =
        vec![format!("Keyring {} says who may speak for the fleet {}:", keyring.order(), keyring.fleet())];
    for role in Role::ALL {
        let Some(keys) = keyring.role(role) else { continue };
        let names: Vec<&str> = keyring.keys_of(keys).map(|key| key.name).collect();
        let what = match role {
            Role::Keyring => "changing these keys, and revoking everything,",
            Role::Release => "a release",
            Role::Head => "a head (which release is current)",
            Role::Echo => "an echo (the proof that a head is fresh)",
        };
        lines.push(format!("- {what} takes {} of {}: {}.", keys.threshold, names.len(), names.join(", ")));
    }
    let floors = keyring.floors().count();
    if floors > 0 {
        lines.push(format!("- It restates {floors} floors: devices may go back to those numbers once."));
    }
    lines.push("- If too many of these keys are lost or stolen, the recovery keys it commits to open the next epoch.".to_owned());
    lines
}

/// What a head means.
pub(super) fn head(head: &Head<'_>, channel: &str, now: UnixSeconds) -> Vec<String> {
    let mut lines = vec![format!(
        "Head {} of {channel}, issued {}:",
        head.order(),
        date::instant(head.header().issued_at)
    )];
    let share = if head.share() == bundle::limits::SHARE_MAX {
        "Every device installs".to_owned()
    } else {
        format!("{} of the devices install", percent(head.share()))
    };
    lines.push(format!("- {share} release {}.", head.release()));
    if let Some(previous) = head.previous() {
        lines.push(format!("- Everybody else has or gets release {}.", previous.order()));
    }
    for group in head.groups().iter() {
        lines.push(format!("- Of the group with the tag {:08x} it is {}.", group.tag, percent(group.share)));
    }
    lines.push(format!("- Devices ask again after {}.", date::span(u64::from(head.refresh_seconds()))));
    let expires_at = date::instant(head.expires_at());
    lines.push(match head.expires_at().since(now) {
        0 => format!("- It expired at {expires_at}: devices keep what they have, and call themselves stale."),
        left => format!("- It expires at {expires_at}, in {}.", date::span(left)),
    });
    lines
}

/// What a manifest means; `blob` yields certificates by their SHA-256 where they are at hand.
pub(super) fn manifest(manifest: &Manifest<'_>, blob: impl Fn(Sha256) -> Option<Vec<u8>>) -> Vec<String> {
    if manifest.is_revoke_all() {
        return vec![format!(
            "Release {} takes all trust away: nothing verifies any more.",
            manifest.order()
        )];
    }
    let mut lines = vec![format!("Release {} tells devices to trust:", manifest.order())];
    let names: Vec<String> = manifest.all_anchors().iter().map(|anchor| name(anchor.sha256, &blob)).collect();
    let usable: Vec<AnchorIndex> = manifest.anchors().map(|(index, _)| index).collect();
    for ((index, anchor), name) in (0..).map(AnchorIndex).zip(manifest.all_anchors().iter()).zip(&names) {
        lines.push(format!("- {name}: {}", anchor_words(&anchor, usable.contains(&index))));
    }
    for service in manifest.services() {
        lines.push(service_words(&service, &names));
        lines.extend(requirement::demands(&service).into_iter().map(|words| format!("  - {words}.")));
    }
    for denial in manifest.denials().iter() {
        lines.push(format!("- Denied wherever it stands: the {} {}.", denial.kind, denial.sha256));
    }
    for order in manifest.distrust_orders().iter() {
        lines.push(format!(
            "- To be refused at once, whatever it costs: {} ({}).",
            order.sha256, order.reason
        ));
    }
    lines
}

fn anchor_words(anchor: &Anchor<'_>, usable: bool) -> String {
    let purposes: Vec<&str> = anchor.purposes.names().collect();
    let purposes = if anchor.purposes == Purposes(0) { "nothing".to_owned() } else { purposes.join(", ") };
    let mut words = format!("{}, for {purposes}", anchor.state);
    if let Some(day) = anchor.retire_day {
        words = format!("{words}, leaves on {}", date::day(date::day_start(day)));
    }
    let sets = anchor.constraints.count();
    if sets > 0 {
        words = format!("{words}, under {sets} alternative constraints");
    }
    if !usable {
        words = format!("{words}; devices do not use it (denied, or a critical extension they do not know)");
    }
    if !anchor.note.is_empty() {
        words = format!("{words} ({})", anchor.note);
    }
    words
}

fn service_words(service: &Service<'_>, names: &[String]) -> String {
    let hosts: Vec<&str> = service.hosts.iter().map(|HostPattern(host)| host).collect();
    let anchors = match service.anchors {
        bundle::Anchors::All => "every anchor".to_owned(),
        bundle::Anchors::Listed(_) => {
            let listed = service.anchors.indexes().filter_map(|index| names.get(usize::from(index.0)));
            listed.cloned().collect::<Vec<_>>().join(", ")
        }
    };
    let probe = if service.probe { "; devices prove a new release against it first" } else { "" };
    format!("- The service {} at {} is served by {anchors}{probe}.", service.name, hosts.join(", "))
}

/// The certificate's short name and last day where it is at hand, else its digest.
fn name(sha256: Sha256, blob: &impl Fn(Sha256) -> Option<Vec<u8>>) -> String {
    let certificate = blob(sha256).and_then(|der| Certificate::parse(der).ok());
    let short: String = sha256.to_string().chars().take(8).collect();
    match certificate {
        Some(certificate) => {
            format!("{} ({short}, valid until {})", certificate.short_name, date::day(certificate.not_after))
        }
        None => short,
    }
}
