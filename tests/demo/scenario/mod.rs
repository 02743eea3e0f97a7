//! Rotations that took place, day by day: who is cut off without the product, what its programs say and when, and that
//! nobody is cut off with it. `tests/scenarios/README.md` says what in them is real.

mod day;
mod ending;
mod file;
mod fleet;
mod frozen;
mod guard;
mod reach;
mod report;
mod sources;
mod stage;
mod story;
mod text;

use std::error::Error;

pub(crate) use report::Report;
pub(crate) use text::text;

use crate::output;

/// Plays the scenario of this name; `omitted` certificates are left out of every release, to see that it is noticed.
pub(crate) fn play(name: &str, omitted: &[String]) -> Result<Report, Box<dyn Error>> {
    let mut scenario = file::Scenario::read(name)?;
    for act in &mut scenario.acts {
        act.add.retain(|it| !omitted.contains(it));
        act.remove.retain(|it| !omitted.contains(it));
        // Who cannot pin what is left out goes on with what was pinned before.
        act.asks.retain(|_, asks| {
            let named =
                |pin: &toml::Value| pin.get("key-of").and_then(toml::Value::as_str).map(str::to_owned);
            !asks.pins.iter().filter_map(named).any(|name| omitted.contains(&name))
        });
    }
    let bar = output::bar(1, 1, name);
    let report = story::tell(name, &scenario, &bar);
    bar.finish_and_clear();
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_and_an_unknown_one_lists_them() {
        let names = file::names().unwrap();
        assert_eq!(names, ["azure-2020", "digicert-g1-2026", "iot-hub-2023"]);
        for name in &names {
            file::Scenario::read(name).unwrap();
        }
        let error = file::Scenario::read("azure-2019").unwrap_err().to_string();
        assert!(names.iter().all(|name| error.contains(name)), "{error}");
    }
}
