//! Searches every scenario and says what it found: `update-model [--json] [--scenario NAME] [--without RULE]`.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use update_model::{Outcome, Rule, Rules, Scenario, all, exhaust, named, until_broken};

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>(), &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Where standard error is gone too, the exit code is what is left.
            let _said = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String], out: &mut impl Write) -> io::Result<bool> {
    let mut rest = arguments.iter().map(String::as_str);
    let (mut json, mut scenarios, mut rules) = (false, all(), None);
    while let Some(flag) = rest.next() {
        match flag {
            "--json" => json = true,
            "--scenario" => scenarios = vec![scenario(rest.next().unwrap_or_default())?],
            "--without" => rules = Some(Rules::without(rule(rest.next().unwrap_or_default())?)),
            other => return Err(io::Error::other(format!("{other}: unknown, see the head of main.rs"))),
        }
    }
    let mut outcomes = Vec::new();
    for scenario in scenarios {
        let outcome = rules.map_or_else(|| exhaust(&scenario), |rules| until_broken(&scenario, rules));
        if !json {
            write_row(out, &outcome)?;
        }
        outcomes.push(outcome);
    }
    let holds = outcomes.iter().all(Outcome::holds);
    if json {
        let object = serde_json::json!({ "schema": 1, "holds": holds, "scenarios": outcomes });
        writeln!(out, "{object}")?;
    } else {
        let states: usize = outcomes.iter().map(|outcome| outcome.states).sum();
        let seconds: f64 = outcomes.iter().map(|outcome| outcome.seconds).sum();
        writeln!(out, "{:<20} {states:>9} states              {seconds:>7.1} s", "all")?;
    }
    Ok(holds)
}

fn write_row(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let held = outcome.properties.iter().filter(|property| property.holds).count();
    writeln!(
        out,
        "{:<20} {:>9} states  depth {:>4}  {:>7.1} s  {held} of {} properties hold",
        outcome.scenario,
        outcome.states,
        outcome.depth,
        outcome.seconds,
        outcome.properties.len()
    )?;
    for property in outcome.broken() {
        writeln!(out, "  {} ({}) does not hold:", property.name, property.kind)?;
        for (number, step) in (1..).zip(&property.path) {
            writeln!(out, "  {number:>3}. {step}")?;
        }
    }
    Ok(())
}

fn scenario(name: &str) -> io::Result<Scenario> {
    named(name).ok_or_else(|| io::Error::other(format!("{name}: no such scenario")))
}

fn rule(name: &str) -> io::Result<Rule> {
    let is_named = |rule: &Rule| serde_json::to_value(rule).is_ok_and(|value| value == name);
    let rule = Rule::ALL.into_iter().find(is_named);
    rule.ok_or_else(|| io::Error::other(format!("{name}: no such rule")))
}
