//! A failure made small: everything is taken away that the device breaks the invariant without.

use crate::{
    Error,
    invariant::Breach,
    scenario::{Class, Scenario},
    story::Story,
    world::World,
};

/// Lines of the event log that are shown: what led to the breach, and no more than a screen.
const LINES_MAX: usize = 60;

/// The least that breaks an invariant.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What was taken away, and the invariant broke all the same.
    pub removed: Vec<String>,
    /// What must be there.
    pub needed: Vec<String>,
    /// What the device then does, up to the breach: moments in milliseconds since the start, and words.
    pub log: Vec<(u64, String)>,
    /// What was seen at its end.
    pub breach: Breach,
}

/// Something that can be taken away.
struct Part {
    name: String,
    remove: Box<dyn Fn(&mut Scenario)>,
}

/// A fault of a class, and how it is taken away.
type Fault = (&'static str, fn(&mut Class));

/// Makes a breach small.
///
/// # Errors
/// A world cannot be made again.
pub fn shrink(world: &World, breach: &Breach) -> Result<Option<Shrunk>, Error> {
    let Some(device) = breach.device else { return Ok(None) };
    let lives_through = |scenario: &Scenario| -> Result<Option<(Story, Breach)>, Error> {
        let (story, tally) = Story::of(&world.changed(scenario.clone())?, device);
        let same = tally.checks.breaches().iter().find(|found| found.invariant == breach.invariant);
        Ok(same.cloned().map(|found| (story, found)))
    };
    let mut scenario = world.scenario.clone();
    let Some((mut story, mut found)) = lives_through(&scenario)? else { return Ok(None) };
    let (mut removed, mut needed) = (Vec::new(), Vec::new());
    for part in parts(&world.scenario) {
        let mut smaller = scenario.clone();
        (part.remove)(&mut smaller);
        if smaller == scenario {
            continue;
        }
        match lives_through(&smaller)? {
            Some((less, still)) => {
                (story, found, scenario) = (less, still, smaller);
                removed.push(part.name);
            }
            None => needed.push(part.name),
        }
    }
    let until: Vec<(u64, String)> = story.lines().iter().filter(|(at, _)| *at <= found.at).cloned().collect();
    let log = until.get(until.len().saturating_sub(LINES_MAX)..).unwrap_or_default().to_vec();
    Ok(Some(Shrunk { removed, needed, log, breach: found }))
}

/// Everything that can be taken away, the largest parts first.
fn parts(scenario: &Scenario) -> Vec<Part> {
    let mut parts = Vec::new();
    for attacker in &scenario.attackers {
        let name = attacker.name.clone();
        parts.push(Part {
            name: format!("the attacker {name:?}"),
            remove: Box::new(move |scenario| scenario.attackers.retain(|attacker| attacker.name != name)),
        });
    }
    for outage in &scenario.outages {
        let outage = *outage;
        parts.push(Part {
            name: format!("the outage at hour {}", outage.from_hours),
            remove: Box::new(move |scenario| scenario.outages.retain(|other| *other != outage)),
        });
    }
    let faults: [Fault; 6] = [
        ("restarts", |class| class.restarts_a_day = 0.0),
        ("power cuts", |class| class.power_cuts_a_day = 0.0),
        ("failed writes", |class| class.failed_writes_a_day = 0.0),
        ("silently wrong writes", |class| class.silent_corruptions_a_day = 0.0),
        ("lost answers", |class| class.loss_percent = 0.0),
        ("the captive portal", |class| class.portal_hours = 0.0),
    ];
    for (name, remove) in faults {
        parts.push(Part {
            name: name.to_owned(),
            remove: Box::new(move |scenario| scenario.classes.iter_mut().for_each(remove)),
        });
    }
    parts
}
