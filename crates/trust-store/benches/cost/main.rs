//! What following the store adds to a handshake, and what a swap and a lookup cost: `cargo bench -p trust-store`.
//!
//! Instructions are counted under callgrind, in a process of its own for each case, and are the same on any machine under any
//! load. They leave the kernel out, and a look at the store is five system calls; so handshakes are also timed in
//! pairs, one with plain rustls and one that follows, by the processor time of their thread. Only the client's steps
//! count: of both ends in one process, an application pays for one. The program ends with 1 where a limit is exceeded.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a measurement needs and does not get is its end"
)]

mod count;
#[path = "../../tests/kit/device.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod device;
mod pairs;
mod scene;

use std::io::Write as _;
use std::process::ExitCode;

use scene::Scene;

/// Most that following the store may add to a full handshake, in percent of plain rustls with the same roots.
const ADDED_PERCENT_MAX: f64 = 2.0;
/// Most that it may add to the first handshake with a chain, which is judged.
const FIRST_PERCENT_MAX: f64 = 2.0;
/// Most that it may add to that where a deny list and pins name certificates and keys by their hashes, which plain rustls
/// has nothing of. callgrind's processor hashes in software, as small boards do.
const GUARDED_PERCENT_MAX: f64 = 5.0;
/// Anchors of the two bundles that are measured: what a fleet on one cloud carries, and all of Mozilla's.
const ANCHORS: [usize; 2] = [10, 121];
/// What a lookup may cost at most, in percent of reading the certificates one by one.
const LOOKUP_PERCENT_MAX: f64 = 2.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => compare(),
        [case, anchors] => {
            let anchors = anchors.parse().expect("a number of anchors");
            let scene = if *case == "first-guarded" { Scene::guarded(anchors) } else { Scene::new(anchors) };
            count::run(case, &scene);
            ExitCode::SUCCESS
        }
        _ => panic!("usage: cost [CASE ANCHORS]"),
    }
}

/// Measures everything, writes the table, and holds it against the limits.
fn compare() -> ExitCode {
    let mut exceeded = Vec::new();
    let mut limit = |what: String, percent: f64, most: f64| {
        if percent > most {
            exceeded.push(format!("{what} is {percent:.2} %, at most {most} % is allowed"));
        }
    };
    for anchors in ANCHORS {
        let [plain_first, first, guarded, plain, following] =
            ["plain-first", "first", "first-guarded", "plain", "following"]
                .map(|case| count::instructions(case, anchors));
        let added = percent(following, plain) - 100.0;
        say(&format!("{anchors:>4} anchors  handshake, plain rustls      {plain:>10.0} instructions"));
        say(&format!(
            "{anchors:>4} anchors  handshake that follows       {following:>10.0} instructions  {added:+.2} %"
        ));
        limit(
            format!("what following adds with {anchors} anchors, in instructions,"),
            added,
            ADDED_PERCENT_MAX,
        );
        let added = percent(first, plain_first) - 100.0;
        say(&format!("{anchors:>4} anchors  a first one, plain rustls    {plain_first:>10.0} instructions"));
        say(&format!(
            "{anchors:>4} anchors  a first one that follows     {first:>10.0} instructions  {added:+.2} %"
        ));
        limit(format!("what it adds to the first one with {anchors} anchors"), added, FIRST_PERCENT_MAX);
        let added = percent(guarded, plain_first) - 100.0;
        say(&format!(
            "{anchors:>4} anchors  the same with denials, pins  {guarded:>10.0} instructions  {added:+.2} %"
        ));
        limit(
            format!("what denials and pins add to the first one with {anchors} anchors"),
            added,
            GUARDED_PERCENT_MAX,
        );
        let pairs = pairs::measure(&Scene::new(anchors));
        let added = pairs.added_percent();
        let (plain, following) = (pairs.plain_nanoseconds / 1_000.0, pairs.following_nanoseconds / 1_000.0);
        say(&format!(
            "{anchors:>4} anchors  the same as processor time   {plain:>6.1} and {following:>6.1} µs          {added:+.2} %"
        ));
        limit(format!("what following adds with {anchors} anchors, in time,"), added, ADDED_PERCENT_MAX);
        let [lookup, walk] = ["lookup", "walk"].map(|case| count::instructions(case, anchors));
        let share = percent(lookup, walk);
        say(&format!("{anchors:>4} anchors  lookup by subject            {lookup:>10.0} instructions"));
        say(&format!(
            "{anchors:>4} anchors  the same by reading them     {walk:>10.0} instructions  {share:.2} % of it"
        ));
        limit(format!("a lookup among {anchors} anchors"), share, LOOKUP_PERCENT_MAX);
        let swap = count::instructions("swap", anchors);
        say(&format!("{anchors:>4} anchors  a swap: read, check, index   {swap:>10.0} instructions"));
    }
    exceeded.iter().for_each(|line| say(line));
    if exceeded.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn percent(part: f64, whole: f64) -> f64 {
    100.0 * part / whole
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}
