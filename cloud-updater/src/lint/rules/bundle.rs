//! Rules about a whole bundle, and about what a release changes.

use crate::lint::rule::rules;

rules! { RULES:
    SERVICE_WITHOUT_ANCHOR "service-without-anchor" "service_without_anchor" Error Bundle,
        "Every service has an anchor that can verify it today: valid, for TLS servers, not denied, within its constraints",
        "DESIGN.md, Lint; devices refuse a bundle that is useless for a probed service",
        "give the service another anchor before this is released";
    SERVICE_ON_ONE_ANCHOR "service-on-one-anchor" "service_on_one_anchor" Warning Bundle,
        "Every service has a second anchor in reserve",
        "Azure IoT Hub migration guide: two roots of different CAs",
        "add the root to which its CA would move";
    SERVICE_ENDS "service-ends" "service_ends" Warning Bundle,
        "Every service has an anchor that is good for another 90 days",
        "DESIGN.md, Lint",
        "add an anchor that lasts longer";
    SERVICE_ENDS_WITHIN_HEAD "service-ends-within-head" "service_ends_within_head" Error Bundle,
        "No service loses its last anchor while the head that names the release is still fresh",
        "DESIGN.md, What is signed and ends",
        "give the service an anchor that lasts longer before this is released";
    EXPIRED_ANCHOR "expired-anchor" "expired_anchor" Warning Bundle,
        "Expired anchors are taken out: some stacks prefer an expired path to a good one",
        "RFC 5280 §6.1.3; OpenSSL 1.0.2 and DST Root CA X3, 2021-09-30",
        "remove it, and see the budget again after that";
    OVER_BUDGET "over-budget" "over_budget" Error Bundle,
        "The bundle fits the smallest device of its class",
        "fleet.toml, device-classes",
        "take expired anchors out first, then those that no service needs; or leave anchors out of this channel";
    NEAR_BUDGET "near-budget" "near_budget" Warning Bundle,
        "The bundle leaves a tenth of the smallest device's room for the next anchor",
        "fleet.toml, device-classes",
        "take out what no service needs before the next rotation comes";
    INTERMEDIATE_AS_ANCHOR "intermediate-as-anchor" "intermediate_as_anchor" Warning Bundle,
        "Anchors are roots: CAs replace intermediates within weeks",
        "RFC 5280 §6.1.1; Azure, August to October 2020",
        "trust the root above it, and ship this one as an intermediate";
    DENIED_ANCHOR "denied-anchor" "denied_anchor" Warning Bundle,
        "No anchor of the bundle is on its deny list, by certificate or by key",
        "crates/bundle/SPEC.md, denials",
        "remove the anchor, or deny the other certificate of the key by itself";
    UNUSED_ANCHOR "unused-anchor" "unused_anchor" Notice Bundle,
        "Every anchor serves a service",
        "DESIGN.md, Lint",
        "remove it, unless applications use it outside the services";
    RETIREMENT_OVERDUE "retirement-overdue" "retirement_overdue" Warning Bundle,
        "No anchor stays past the day on which it is planned to leave",
        "anchors/<name>.toml, retire",
        "remove it, or plan another day";
    CONSTRAINTS_NOT_EXPORTABLE "constraints-not-exportable" "constraints_not_exportable" Warning Bundle,
        "What constrains an anchor can be said by some file that devices export, or is allowed to be lost by name",
        "trust-store formats carry no constraints: PEM, DER, hashed folder, PKCS#12",
        "decide for the anchor (export-without-constraints) or for the service (unexportable.constraints)";
    NO_BACKUP_PIN "no-backup-pin" "no_backup_pin" Error Bundle,
        "Pins and expected names have another one in reserve, and end within 400 days",
        "RFC 7469 §4.3; DESIGN.md, Pins and expected names",
        "add a pin of a key kept in reserve, or of a root of another CA";
    PIN_AT_RISK "pin-at-risk" "pin_at_risk" Warning Bundle,
        "No pin or expected name names an intermediate, ends within 30 days, or can be met by nothing",
        "DESIGN.md, Pins and expected names",
        "see what is said of it";
    REPLACED_IN_ONE_STEP "replaced-in-one-step" "replaced_in_one_step" Error Step,
        "No release takes all anchors of a service away and gives it others: one of the old ones stays",
        "SPIFFE Federation, bundle refresh; DESIGN.md, Lint",
        "release the new anchor first, and the removal after the service has moved";
    ADDED_AND_REMOVED "added-and-removed" "added_and_removed" Warning Step,
        "Adding and removing anchors of a service are two releases: adding early and removing late are different risks",
        "DESIGN.md, Lint",
        "release the addition first";
    REMOVED_BEFORE_OVERLAP "removed-before-overlap" "removed_before_overlap" Warning Step,
        "What stays was released at least three refresh intervals before something is removed",
        "SPIFFE Federation: new keys 3 to 5 refresh intervals before use",
        "wait: devices that have not checked since then would go without";
    SHORT_OVERLAP "short-overlap" "short_overlap" Notice Step,
        "What stays was released five refresh intervals before something is removed",
        "SPIFFE Federation: new keys 3 to 5 refresh intervals before use",
        "wait, where devices are asleep or offline for long";
    REMOVED_WHILE_ACTIVE "removed-while-active" "removed_while_active" Notice Step,
        "An anchor is retiring in a release before it is removed",
        "DESIGN.md, Lint",
        "cloud-updater anchor retire NAME, and remove it in a later release";
}
