//! The report for people: one HTML file with everything in it, no script, nothing fetched.

mod chart;
mod text;

use std::fmt::Write as _;

use crate::{
    attack::Attack,
    fleet::load,
    invariant::Invariant,
    story::Moment,
    tally::{HOUR, LOAD_COLUMN, Tally, hours},
    world::World,
};
use chart::{Chart, Curve, Mark};
use text::{escaped, grouped, percent};

/// What was run, and what it took.
#[derive(Clone, Debug)]
pub struct Run<'r> {
    /// The scenario and all that was published.
    pub world: &'r World,
    /// What the fleet came to.
    pub tally: &'r Tally,
    /// The command that gives the same history again.
    pub replay: String,
    /// Seconds that it took.
    pub wall_seconds: f64,
}

/// Colours that are told apart by people who see fewer of them (Okabe and Ito's set), for light and dark pages alike.
const COLOURS: [&str; 8] =
    ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8a8a8a"];

/// The whole page.
#[must_use]
pub fn page(run: &Run<'_>) -> String {
    let (scenario, tally) = (&run.world.scenario, run.tally);
    let mut html = String::with_capacity(128 * 1_024);
    // Writing into a String cannot fail, here and below.
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{} · {} devices</title><style>{STYLE}</style><main>",
        escaped(&scenario.name),
        grouped(tally.devices)
    );
    heading(&mut html, run);
    cards(&mut html, run);
    curves(&mut html, run);
    invariants(&mut html, tally);
    breaches(&mut html, tally);
    happenings(&mut html, run.world);
    classes(&mut html, run.world);
    let _ = write!(
        html,
        "<footer>One seed and one commit are one history: <code>{}</code> gives history {:016x} again.</footer></main></html>",
        escaped(&run.replay),
        tally.history
    );
    html
}

fn heading(html: &mut String, run: &Run<'_>) {
    let (scenario, holds) = (&run.world.scenario, run.tally.checks.hold());
    let (class, verdict) =
        if holds { ("good", "Every invariant held") } else { ("bad", "An invariant was broken") };
    let _ = write!(
        html,
        "<header><p class=\"eyebrow\">Fleet simulation · seed {}</p><h1>{}</h1><p class=\"about\">{}</p>\
         <p class=\"verdict {class}\">{verdict}</p></header>",
        run.world.seed,
        escaped(&scenario.name),
        escaped(&scenario.about)
    );
}

fn cards(html: &mut String, run: &Run<'_>) {
    let tally = run.tally;
    let (peak, mean) = load(run.world, tally);
    let looks: u64 = Invariant::ALL.iter().map(|invariant| tally.checks.count(*invariant).checked).sum();
    let bytes: u64 = tally.bytes.iter().sum();
    let reached = tally.checks.count(Invariant::GoalReached);
    let in_time = reached.checked - reached.broken;
    let mut cards = vec![
        (
            grouped(tally.devices),
            "devices",
            format!("{} events in {:.0} s", grouped(tally.events), run.wall_seconds),
        ),
        (
            percent(in_time, reached.checked),
            "of honest online devices on the goal in time",
            match tally.last_on_goal {
                Some(at) => format!(
                    "{} of {}, the last one after {:.0} h",
                    grouped(in_time),
                    grouped(reached.checked),
                    hours(at)
                ),
                None => format!("{} of {}", grouped(in_time), grouped(reached.checked)),
            },
        ),
        (
            grouped(tally.without_bundle),
            "devices ever without a bundle",
            format!("through {} power cuts", grouped(tally.power_cuts)),
        ),
        (grouped(looks), "looks at invariants", format!("{} of them", Invariant::ALL.len())),
        (grouped(tally.installs), "installs", format!("{} trials undone", grouped(tally.reverts))),
        (
            grouped(bytes / tally.devices.max(1)),
            "bytes for each device",
            format!("{:.1} requests a minute at the busiest, {:.1} on average", peak / 10.0, mean / 10.0),
        ),
    ];
    let [ever, still] = tally.stolen;
    if run.world.attacks.iter().any(Attack::is_thief) {
        let more = format!(
            "{} do at the end; for {:.0} h at the longest",
            grouped(still),
            hours(tally.stolen_longest)
        );
        cards.push((grouped(ever), "devices ever followed a thief", more));
    }
    html.push_str("<section class=\"cards\">");
    for (figure, what, more) in cards {
        let _ = write!(html, "<div><b>{figure}</b><span>{what}</span><small>{more}</small></div>");
    }
    html.push_str("</section>");
}

#[expect(clippy::cast_precision_loss, reason = "devices and bytes are counted, not measured")]
fn curves(html: &mut String, run: &Run<'_>) {
    let (world, tally) = (run.world, run.tally);
    let marks = marks(world);
    let column = |rows: &[Vec<u64>], column: usize| -> Vec<f64> {
        rows.iter().map(|row| row.get(column).copied().unwrap_or(0) as f64).collect()
    };
    let chart = |title, unit, curves, is_stacked, width| Chart {
        title,
        unit,
        curves,
        is_stacked,
        column: width,
        marks: &marks,
    };
    let mut releases: Vec<Curve> = world
        .releases
        .iter()
        .enumerate()
        .map(|(index, release)| {
            Curve::new(format!("release {}", release.order), column(&tally.by_release, index))
        })
        .collect();
    let others = column(&tally.by_release, world.releases.len());
    if others.iter().any(|count| *count > 0.0) {
        releases.push(Curve::new("a thief's release".into(), others));
    }
    chart("Devices by the release that applications read", "devices", releases, true, HOUR).draw(html);
    let share = |index: usize| -> Vec<f64> {
        let reached = column(&tally.by_service, index);
        reached
            .iter()
            .zip(&tally.on)
            .map(|(reached, on)| if *on == 0 { 100.0 } else { 100.0 * reached / *on as f64 })
            .collect()
    };
    let services = world.services.iter().enumerate();
    let services = services.map(|(index, service)| Curve::new(service.name.clone(), share(index))).collect();
    chart(
        "Services that devices can verify, of the devices that are switched on",
        "%",
        services,
        false,
        HOUR,
    )
    .draw(html);
    let requests = tally.requests.iter().map(|count| *count as f64).collect();
    chart(
        "Requests in ten minutes",
        "requests",
        vec![Curve::new("requests".into(), requests)],
        true,
        LOAD_COLUMN,
    )
    .draw(html);
    let bytes = tally.bytes.iter().map(|count| *count as f64 / 1e6).collect();
    chart("Answers in an hour", "MB", vec![Curve::new("megabytes".into(), bytes)], true, HOUR).draw(html);
    let refusals = tally.refusals.iter();
    let refusals: Vec<Curve> = refusals
        .map(|(reason, columns)| {
            Curve::new((*reason).to_owned(), columns.iter().map(|count| *count as f64).collect())
        })
        .collect();
    if !refusals.is_empty() {
        chart("Refusals in an hour, by reason", "checks", refusals, true, HOUR).draw(html);
    }
}

/// What is marked in every chart: acts of the operator.
fn marks(world: &World) -> Vec<Mark> {
    let acts = world.scenario.acts.iter().enumerate();
    acts.map(|(index, act)| Mark {
        at: crate::scenario::milliseconds(act.hours),
        name: (index + 1).to_string(),
    })
    .collect()
}

fn invariants(html: &mut String, tally: &Tally) {
    html.push_str("<h2>Invariants</h2><table><thead><tr><th>Invariant<th>What must hold<th>Looks<th>Broken</thead><tbody>");
    for invariant in Invariant::ALL {
        let count = tally.checks.count(invariant);
        let class = match (count.checked, count.broken) {
            (0, _) => "none",
            (_, 0) => "good",
            _ => "bad",
        };
        let _ = write!(
            html,
            "<tr><td><code>{}</code><td>{}<td class=\"n\">{}<td class=\"n {class}\">{}",
            invariant.name(),
            invariant.words(),
            grouped(count.checked),
            if count.checked == 0 { "not met".to_owned() } else { grouped(count.broken) }
        );
    }
    html.push_str("</tbody></table>");
}

fn breaches(html: &mut String, tally: &Tally) {
    if tally.checks.breaches().is_empty() {
        return;
    }
    html.push_str(
        "<h2>What did not hold</h2><table><thead><tr><th>Invariant<th>Device<th>When<th>Seen</thead><tbody>",
    );
    for breach in tally.checks.breaches() {
        let device = breach.device.map_or_else(|| "the fleet".to_owned(), |device| device.to_string());
        let _ = write!(
            html,
            "<tr><td><code>{}</code><td class=\"n\">{device}<td>{}<td>{}",
            breach.invariant.name(),
            Moment(breach.at),
            escaped(&breach.words)
        );
    }
    html.push_str("</tbody></table>");
}

/// The operator's acts, the outages and the attackers, in the order of time.
fn happenings(html: &mut String, world: &World) {
    let scenario = &world.scenario;
    html.push_str("<h2>What happens</h2><table><thead><tr><th>When<th>Who<th>What</thead><tbody>");
    let mut rows: Vec<(f64, String, String)> = Vec::new();
    for (index, act) in scenario.acts.iter().enumerate() {
        rows.push((act.hours, format!("operator, {}", index + 1), text::act(act)));
    }
    for outage in &scenario.outages {
        let words = format!(
            "{:?} for {} % of the fleet, for {} h",
            outage.kind,
            outage.percent,
            outage.until_hours - outage.from_hours
        );
        rows.push((outage.from_hours, "outage".into(), words.to_lowercase()));
    }
    for attacker in &scenario.attackers {
        let hours = attacker.until_hours - attacker.from_hours;
        let words = format!(
            "{}: answers {} % of the fleet for {hours} h, {}",
            attacker.name,
            attacker.percent,
            text::place(attacker.place)
        );
        rows.push((attacker.from_hours, "attacker".into(), words));
    }
    for service in &scenario.services {
        for served in service.served_by.iter().filter(|served| served.from_hours > 0.0) {
            rows.push((
                served.from_hours,
                format!("service {}", service.name),
                format!("moves to the root {}", served.root),
            ));
        }
    }
    rows.sort_by(|first, second| first.0.total_cmp(&second.0));
    for (hours, who, what) in rows {
        let _ = write!(
            html,
            "<tr><td class=\"n\">{}<td>{}<td>{}",
            Moment(crate::scenario::milliseconds(hours)),
            escaped(&who),
            escaped(&what)
        );
    }
    html.push_str("</tbody></table>");
}

fn classes(html: &mut String, world: &World) {
    let whole: f64 = world.scenario.classes.iter().map(|class| class.weight).sum();
    html.push_str("<h2>The fleet</h2><table><thead><tr><th>Class<th>Share<th>Its devices</thead><tbody>");
    for class in &world.scenario.classes {
        let _ = write!(
            html,
            "<tr><td>{}<td class=\"n\">{:.1} %<td>{}",
            escaped(&class.name),
            100.0 * class.weight / whole,
            escaped(&text::class(class))
        );
    }
    html.push_str("</tbody></table>");
}

/// The page's style: no font and no picture from elsewhere.
const STYLE: &str = include_str!("style.css");
