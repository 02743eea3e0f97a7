//! What devices cannot say in the files that they export, and what they do about it by the services' policies.

use std::collections::BTreeSet;

use bundle::write::{AnchorContent, ConstraintContent, ExtensionContent, ManifestContent, ServiceContent};
use bundle::{ExportChoice, ExportPolicy, Purposes, Sha256, Unexportable, extension_id};

use crate::date;

/// The forms that devices export, by the names in `export-without-constraints`.
const FORMS: [&str; 4] = ["der", "hashed", "pem", "pkcs12"];

/// The losses of a bundle's exports, each a sentence: whose, what, and what is done. `name` is what a certificate is called.
pub(crate) fn of(content: &ManifestContent, name: impl Fn(Sha256) -> String) -> BTreeSet<String> {
    let mut losses = BTreeSet::new();
    for anchor in &content.anchors {
        let whose = name(anchor.sha256);
        let whose = whose.split(" · ").next().unwrap_or(&whose);
        if !anchor.purposes.contains(Purposes::SERVER_AUTH) {
            losses.insert(format!("{whose}: not for TLS servers; left out of every exported file"));
        } else if !anchor.constraints.is_empty() {
            let details = constraints_text(anchor);
            let done = std::iter::once(of_forms(anchor, "shared files"));
            let own = content.services.iter().filter(|service| service.anchors.includes(anchor.sha256));
            let done: Vec<String> = done.chain(own.map(|service| of_service(anchor, service))).collect();
            losses.insert(format!("{whose}: {details}; {}", done.join("; ")));
        }
    }
    for service in &content.services {
        losses.extend(of_whole_service(content, service));
    }
    losses
}

/// What becomes of a constrained anchor in files to which no service's policy applies.
fn of_forms(anchor: &AnchorContent, files: &str) -> String {
    let is_allowed = |form: &&str| {
        anchor.extensions.iter().any(|extension| {
            extension.id == extension_id::EXPORT_WITHOUT_CONSTRAINTS && extension.content == form.as_bytes()
        })
    };
    let (kept, excluded): (Vec<&str>, Vec<&str>) = FORMS.into_iter().partition(is_allowed);
    match (kept.is_empty(), excluded.is_empty()) {
        (true, _) => format!("left out of {files}"),
        (_, true) => format!("kept in {files} without them"),
        _ => format!(
            "kept in {files} without them as {}, left out as {}",
            kept.join(", "),
            excluded.join(", ")
        ),
    }
}

fn of_service(anchor: &AnchorContent, service: &ServiceContent) -> String {
    let files = format!("the files of {}", service.name);
    match policy(service).choice(Unexportable::Constraints) {
        Some(ExportChoice::Keep) => format!("kept in {files} without them"),
        Some(ExportChoice::Exclude) => format!("left out of {files}"),
        None => of_forms(anchor, &files),
    }
}

/// What concerns every chain of a service.
fn of_whole_service(content: &ManifestContent, service: &ServiceContent) -> Vec<String> {
    let profile = service.extensions.iter().find(|extension| extension.id == extension_id::PROFILE);
    let profile =
        profile.map(|extension| String::from_utf8_lossy(&extension.content).escape_debug().to_string());
    let is_anchor = |sha256: Sha256| content.anchors.iter().any(|anchor| anchor.sha256 == sha256);
    let denials = content.denials.iter().filter(|denial| !is_anchor(denial.sha256)).count();
    let expects = |extension: &ExtensionContent| extension.id == extension_id::EXPECTATIONS;
    let asks = !service.pins.is_empty() || service.extensions.iter().any(expects);
    let found = [
        (Unexportable::Denials, (denials > 0).then(|| format!("denials that name no anchor: {denials}"))),
        (Unexportable::Pins, asks.then(|| "its pins and expected names".to_owned())),
        (Unexportable::Profile, profile.map(|name| format!("the rules of profile {name}"))),
    ];
    let policy = policy(service);
    let sentence = |(what, details): (Unexportable, Option<String>)| {
        let done = match policy.choice(what).unwrap_or_else(|| what.default_choice()) {
            ExportChoice::Exclude => "its exported files are empty because of that",
            ExportChoice::Keep => "its exported files do not say so",
        };
        details.map(|details| format!("{}: {details}; {done}", service.name))
    };
    found.into_iter().filter_map(sentence).collect()
}

/// An anchor's constraints, as people read them.
pub(crate) fn constraints_text(anchor: &AnchorContent) -> String {
    let sets: Vec<String> = anchor.constraints.iter().map(constraint_text).collect();
    if sets.is_empty() { "none".to_owned() } else { sets.join(", ") }
}

fn constraint_text(set: &ConstraintContent) -> String {
    let times = [
        ("issued from", set.issued_from),
        ("distrust after", set.distrust_after),
        ("expires at", set.expires_at),
    ];
    let mut parts: Vec<String> = times
        .into_iter()
        .filter_map(|(name, time)| Some(format!("{name} {}", date::instant(time?))))
        .collect();
    if !set.subtrees.is_empty() {
        parts.push(format!("below {}", set.subtrees.join(" ")));
    }
    format!("({})", parts.join(" and "))
}

fn policy(service: &ServiceContent) -> ExportPolicy<'_> {
    let own = |extension: &&ExtensionContent| extension.id == extension_id::EXPORT_POLICY;
    let own = service.extensions.iter().find(own);
    own.map(|extension| ExportPolicy::new(&extension.content)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bundle::write::ServiceAnchors;
    use bundle::{AnchorState, Denial, DenialKind, Pin, PinKind, UnixSeconds};

    use super::*;

    fn anchor(byte: u8) -> AnchorContent {
        AnchorContent {
            sha256: Sha256([byte; 32]),
            length: 100,
            state: AnchorState::Active,
            purposes: Purposes::SERVER_AUTH,
            added_day: 20_000,
            retire_day: None,
            note: "reason".to_owned(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        }
    }

    fn extension(id: u16, content: &str) -> ExtensionContent {
        ExtensionContent { id, critical: false, content: content.into() }
    }

    fn service(name: &str, policy: &str) -> ServiceContent {
        ServiceContent {
            name: name.to_owned(),
            hosts: vec!["hub.example".to_owned()],
            anchors: ServiceAnchors::All,
            pins: Vec::new(),
            probe: true,
            extensions: vec![extension(extension_id::EXPORT_POLICY, policy)],
        }
    }

    fn check(content: &ManifestContent, expect: &[&str]) {
        let name = |sha256: Sha256| format!("Root {} · RSA", sha256.0[0]);
        let losses = of(content, name);
        assert_eq!(losses.iter().map(String::as_str).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_plain_bundle_loses_nothing() {
        let (anchors, services) = (vec![anchor(1)], vec![service("hub", "")]);
        check(&ManifestContent { anchors, services, ..ManifestContent::default() }, &[]);
    }

    #[test]
    fn a_constrained_anchor_is_said_where_it_stays_and_where_not() {
        let mut constrained = anchor(2);
        let distrust_after = Some(UnixSeconds(1_700_000_000));
        constrained.constraints.push(ConstraintContent { distrust_after, ..ConstraintContent::default() });
        constrained.extensions.push(extension(extension_id::EXPORT_WITHOUT_CONSTRAINTS, "pem"));
        let code = AnchorContent { purposes: Purposes::CODE_SIGNING, ..anchor(3) };
        let services = vec![service("hub", "constraints=keep"), service("storage", "constraints=exclude")];
        let anchors = vec![anchor(1), constrained, code];
        let content = ManifestContent { anchors, services, ..ManifestContent::default() };
        check(
            &content,
            &[
                "Root 2: (distrust after 2023-11-14T22:13:20Z); kept in shared files without them as pem, left out as der, hashed, \
                 pkcs12; kept in the files of hub without them; left out of the files of storage",
                "Root 3: not for TLS servers; left out of every exported file",
            ],
        );
    }

    #[test]
    fn what_concerns_a_whole_service_follows_its_policy() {
        let (kind, until) = (PinKind::Spki, UnixSeconds(1));
        let pin = Pin { kind, sha256: Sha256([9; 32]), until };
        let mut hub = ServiceContent { pins: vec![pin], ..service("hub", "pins=exclude") };
        hub.extensions.insert(0, extension(extension_id::PROFILE, "webpki"));
        let denial = |byte| Denial { kind: DenialKind::Certificate, sha256: Sha256([byte; 32]) };
        let content = ManifestContent {
            anchors: vec![anchor(1)],
            services: vec![hub, service("storage", "denials=exclude")],
            denials: vec![denial(1), denial(7)],
            ..ManifestContent::default()
        };
        check(
            &content,
            &[
                "hub: denials that name no anchor: 1; its exported files do not say so",
                "hub: its pins and expected names; its exported files are empty because of that",
                "hub: the rules of profile webpki; its exported files do not say so",
                "storage: denials that name no anchor: 1; its exported files are empty because of that",
            ],
        );
    }
}
