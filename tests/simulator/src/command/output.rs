//! Where the program speaks: what a run yields on standard output, all else on standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output module of a program")]

use std::{error::Error as _, fs, path::Path};

use indicatif::{ProgressBar, ProgressStyle};
use simulator::{
    Error,
    invariant::Breach,
    shrink::Shrunk,
    story::{Moment, Story},
    tally::Tally,
};

use super::one::Results;

/// A bar on standard error, where that is a terminal.
pub(super) fn bar(count: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    let template =
        format!("{{bar:30}} {{human_pos}}/{{human_len}} {what}, {{elapsed}}, {{eta}} to go  {{wide_msg}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(150));
    bar
}

/// The results: one JSON object, or tables.
pub(super) fn results(results: &Results, json: bool) {
    if json {
        println!("{}", serde_json::to_string_pretty(results).unwrap_or_default());
        return;
    }
    println!("{:<32} {:>14} {:>10}", "INVARIANT", "CHECKED", "BROKEN");
    for look in &results.invariants {
        println!("{:<32} {:>14} {:>10}", look.name, look.checked, look.broken);
    }
    let figures = &results.figures;
    println!("\n{:<32} {:>14}", "FIGURE", "MEASURED");
    for (name, value) in [
        ("devices", figures.devices.to_string()),
        ("events", figures.events.to_string()),
        ("wall_seconds", format!("{:.1}", figures.wall_seconds)),
        ("peak_memory_bytes", figures.peak_memory_bytes.to_string()),
        ("devices_on_goal", figures.devices_on_goal.to_string()),
        ("devices_without_bundle", figures.devices_without_bundle.to_string()),
        ("last_on_goal_hours", figures.last_on_goal_hours.map_or_else(String::new, |at| format!("{at:.1}"))),
        ("devices_ever_following_a_thief", figures.devices_ever_following_a_thief.to_string()),
        ("devices_following_a_thief", figures.devices_following_a_thief.to_string()),
        ("longest_following_a_thief_hours", format!("{:.1}", figures.longest_following_a_thief_hours)),
    ] {
        println!("{name:<32} {value:>14}");
    }
    println!("\n{}: {}", if results.passed { "passed" } else { "FAILED" }, results.scenario);
}

/// How far a run without an end has come.
pub(super) fn come_to(first: u64, last: u64) {
    eprintln!("seeds {first} to {last}: every invariant held");
}

/// A breach, the command that gives it again, and the least that leads to it.
pub(super) fn explain(breach: &Breach, trace: &str, shrunk: Option<&Shrunk>) {
    let device = breach.device.map_or_else(|| "the fleet".to_owned(), |device| format!("device {device}"));
    eprintln!("\n{}: {device}, {}: {}", breach.invariant.name(), Moment(breach.at), breach.words);
    eprintln!("again, in words: {trace}");
    let Some(shrunk) = shrunk else { return };
    if !shrunk.removed.is_empty() {
        eprintln!("it happens without: {}", shrunk.removed.join(", "));
    }
    if !shrunk.needed.is_empty() {
        eprintln!("it does not happen without: {}", shrunk.needed.join(", "));
    }
    eprintln!("what then leads to it:");
    for (at, words) in &shrunk.log {
        eprintln!("  {}  {words}", Moment(*at));
    }
    eprintln!("  {}  {}: {}", Moment(shrunk.breach.at), breach.invariant.name(), shrunk.breach.words);
}

/// One device's life.
pub(super) fn story(story: &Story, tally: &Tally, json: bool) {
    if json {
        let lines: Vec<serde_json::Value> = story
            .lines()
            .iter()
            .map(|(at, words)| serde_json::json!({ "milliseconds": at, "moment": Moment(*at).to_string(), "words": words }))
            .collect();
        println!("{}", serde_json::to_string_pretty(&lines).unwrap_or_default());
        return;
    }
    print!("{story}");
    for breach in tally.checks.breaches() {
        println!("{}  BROKEN {}: {}", Moment(breach.at), breach.invariant.name(), breach.words);
    }
}

/// Why the program cannot go on.
pub(super) fn complain(error: &Error) {
    let mut text = format!("sim: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    eprintln!("{text}");
}

/// Writes the report.
#[expect(clippy::disallowed_methods, reason = "a report that is made again by the same command")]
pub(super) fn write_report(path: &Path, html: &str) -> Result<(), Error> {
    fs::write(path, html).map_err(|source| Error::File { path: path.into(), source })
}

/// The most memory that this process ever had, as the kernel counts it (proc_pid_status(5), `VmHWM`); 0 where it does not.
pub(super) fn peak_memory_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1_024
}
