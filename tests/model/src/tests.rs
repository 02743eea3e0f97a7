//! Every scenario holds under all rules; without any one of them a property breaks, and each safety property can break.

use std::collections::BTreeSet;

use crate::{Rule, Rules, all, exhaust, named, until_breaks};

/// Each rule, a scenario in which it is needed, and what breaks there without it.
const NEEDED: [(Rule, &str, &str); Rule::ALL.len()] = [
    (Rule::Threshold, "rollouts", "only_authentic"),
    (Rule::OldThreshold, "keyring_keys_stolen", "only_authentic"),
    (Rule::NewThreshold, "keyring_keys_stolen", "only_authentic"),
    (Rule::ParentNamed, "release_keys_stolen", "goal_reached"),
    (Rule::EpochFirst, "keyring_keys_stolen", "recovery_wins"),
    (Rule::Commitment, "keyring_keys_stolen", "recovery_wins"),
    (Rule::FloorsOfReplacedKeys, "keyring_keys_stolen", "order_grows"),
    (Rule::RestatedFloorOutlives, "release_keys_stolen", "replaced_keys_end_trials"),
    (Rule::ReleaseFloor, "head_keys_stolen", "order_grows"),
    (Rule::HeadOrder, "rollouts", "order_grows"),
    (Rule::Equivocation, "release_keys_stolen", "one_number_one_content"),
    (Rule::AuthenticFirst, "rollouts", "rejection_changes_nothing"),
    (Rule::DenialsFirst, "rollouts", "denials_hold"),
    (Rule::DenialsStay, "rollouts", "denials_hold"),
    (Rule::CommitKeepsDenials, "rollouts", "denials_hold"),
    (Rule::MemoryOutlived, "release_keys_stolen", "denials_hold"),
    (Rule::ReadBack, "rollouts", "bundle_readable"),
    (Rule::TrialGivesWay, "rollouts", "bundle_readable"),
    (Rule::ProbeFirst, "rollouts", "no_service_lost"),
    (Rule::ProofConfirms, "rollouts", "no_service_lost"),
    (Rule::EvidenceReverts, "rollouts", "silence_reverts_nothing"),
    (Rule::VetoOfBelieved, "release_keys_stolen", "goal_reached_past_a_thiefs_anchor"),
    (Rule::SeedIsFallback, "release_keys_stolen", "replaced_keys_end_trials"),
    (Rule::ImageRestates, "release_keys_stolen", "goal_reached"),
    (Rule::FloorAtConfirm, "rollouts", "order_grows"),
    (Rule::TimeFloor, "rollouts", "time_floor_grows"),
    (Rule::ExpiryKeeps, "rollouts", "expiry_deletes_nothing"),
    (Rule::DailyQuestion, "head_keys_stolen", "keyring_reached_whatever_the_head"),
    (Rule::RecoveryAsked, "keyring_keys_stolen", "recovery_wins"),
];

#[test]
fn every_property_holds_in_every_scenario() {
    for scenario in all() {
        let outcome = exhaust(&scenario);
        let broken: Vec<_> = outcome.broken().collect();
        assert!(broken.is_empty(), "{}: {broken:#?}", outcome.scenario);
    }
}

#[test]
fn a_commitment_that_changes_behind_a_thiefs_back_strands_his_devices() {
    let outcome = exhaust(&named("commitment_behind_a_thief").unwrap());
    let broken: BTreeSet<&str> = outcome.broken().map(|property| property.name).collect();
    assert_eq!(
        broken,
        BTreeSet::from(["goal_reached", "recovery_wins"]),
        "a limit that stays, or stays no more"
    );
}

#[test]
fn without_any_one_rule_a_property_breaks() {
    for (rule, scenario, property) in NEEDED {
        let scenario = named(scenario).unwrap();
        let outcome = until_breaks(&scenario, Rules::without(rule), property);
        let judged = outcome.properties.iter().find(|judged| judged.name == property).unwrap();
        assert!(!judged.holds && judged.path.len() > 1, "{property} holds without {rule:?}");
    }
}

#[test]
fn every_rule_is_left_out_once_and_every_property_breaks_once() {
    for rule in Rule::ALL {
        assert_eq!(NEEDED.iter().filter(|(needed, ..)| *needed == rule).count(), 1, "{rule:?}");
    }
    let broken: BTreeSet<&str> = NEEDED.iter().map(|(.., property)| *property).collect();
    let properties = all().iter().flat_map(crate::properties::of).collect::<Vec<_>>();
    let demanded = properties.iter().filter(|property| property.expectation.discovery_is_failure());
    assert_eq!(demanded.map(|property| property.name).collect::<BTreeSet<_>>(), broken);
}
