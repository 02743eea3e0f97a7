//! The properties, under the names of the invariants that they stand for.

use stateright::Property;

use crate::{
    audit::{Breach, is_readable},
    device::Event,
    heal::Kept,
    journal::Stand,
    scenario::Scenario,
    world::{Protocol, World},
};

/// What must hold in a scenario: safety always, the goal in the end, and sights that show it is not empty.
pub(crate) fn of(scenario: &Scenario) -> Vec<Property<Protocol>> {
    let mut properties = safety();
    properties
        .push(Property::eventually("goal_reached", |_, world: &World| is_at_goal(world, Kept::Nothing)));
    properties.push(Property::eventually("recovery_wins", |_, world: &World| {
        world.end.is_some_and(|end| end.kept != Kept::Nothing || end.epoch)
    }));
    if scenario.hazards.path {
        properties.push(Property::eventually("goal_reached_past_a_thiefs_anchor", |_, world: &World| {
            is_at_goal(world, Kept::Path)
        }));
    }
    if scenario.hazards.head_file {
        properties.push(Property::eventually("keyring_reached_whatever_the_head", |_, world: &World| {
            world.end.is_some_and(|end| !matches!(end.kept, Kept::HeadFile(_)) || end.keyring)
        }));
    }
    properties.extend(scenario.sights.iter().map(|event| sight(*event)));
    properties
}

fn safety() -> Vec<Property<Protocol>> {
    vec![
        Property::always("only_authentic", |model: &Protocol, world: &World| {
            is_authentic(&model.scenario, world)
        }),
        Property::always("bundle_readable", |_, world: &World| is_readable(&world.device)),
        Property::always("order_grows", |_, world: &World| world.breach != Some(Breach::OrderGrows)),
        Property::always("one_number_one_content", |_, world: &World| {
            world.breach != Some(Breach::OneNumberOneContent)
        }),
        Property::always("rejection_changes_nothing", |_, world: &World| {
            world.breach != Some(Breach::RejectionChangesNothing)
        }),
        Property::always("expiry_deletes_nothing", |_, world: &World| {
            world.breach != Some(Breach::ExpiryDeletesNothing)
        }),
        Property::always("no_service_lost", |_, world: &World| world.breach != Some(Breach::NoServiceLost)),
        Property::always("silence_reverts_nothing", |_, world: &World| {
            world.breach != Some(Breach::SilenceRevertsNothing)
        }),
        Property::always("denials_hold", |_, world: &World| world.breach != Some(Breach::DenialsHold)),
        Property::always("time_floor_grows", |_, world: &World| world.breach != Some(Breach::TimeFloorGrows)),
        Property::always("replaced_keys_end_trials", |_, world: &World| {
            world.breach != Some(Breach::ReplacedKeysEndTrials)
        }),
    ]
}

/// Nothing that a device keeps was made by those who may not make it.
fn is_authentic(scenario: &Scenario, world: &World) -> bool {
    let (journal, memory) = (&world.device.journal, &world.device.memory);
    let slots = journal.slots.iter().flatten().any(|id| scenario.release(*id).is_forged);
    let heads = [journal.head, memory.head].iter().flatten().any(|id| scenario.head(*id).is_forged);
    !slots && !heads && !scenario.keyring(journal.keyring).is_forged
}

/// The condition holds in ends alone, and every path that ends does so in one: what stands in a state's past cannot
/// hide an end that misses the goal.
fn is_at_goal(world: &World, kept: Kept) -> bool {
    world.end.is_some_and(|end| end.kept != kept || (end.keyring && end.release))
}

fn sight(event: Event) -> Property<Protocol> {
    match event {
        Event::Confirmed => Property::sometimes("a_release_is_confirmed", |_, world: &World| {
            world.event == Some(Event::Confirmed) && matches!(world.device.journal.phase, Stand::Confirmed(_))
        }),
        Event::EquivocationRefused => {
            Property::sometimes("an_equivocation_is_refused", |_, world: &World| {
                world.event == Some(Event::EquivocationRefused)
            })
        }
        Event::FloorRestated => Property::sometimes("a_floor_is_restated", |_, world: &World| {
            world.event == Some(Event::FloorRestated)
        }),
        Event::ImageTaken => {
            Property::sometimes("an_image_with_a_newer_keyring_is_taken", |_, world: &World| {
                world.event == Some(Event::ImageTaken)
            })
        }
        Event::LossRefused => Property::sometimes("a_loss_is_refused", |_, world: &World| {
            world.event == Some(Event::LossRefused)
        }),
        Event::OlderIgnored => Property::sometimes("an_older_head_is_ignored", |_, world: &World| {
            world.event == Some(Event::OlderIgnored)
        }),
        Event::Recovered => Property::sometimes("a_recovery_is_accepted", |_, world: &World| {
            world.event == Some(Event::Recovered)
        }),
        Event::Reverted => Property::sometimes("a_trial_is_reverted", |_, world: &World| {
            world.event == Some(Event::Reverted)
        }),
        Event::TrialGaveWay => Property::sometimes("a_trial_gives_way", |_, world: &World| {
            world.event == Some(Event::TrialGaveWay)
        }),
        Event::VetoOverruled => Property::sometimes("a_thiefs_veto_is_overruled", |_, world: &World| {
            world.event == Some(Event::VetoOverruled)
        }),
    }
}
