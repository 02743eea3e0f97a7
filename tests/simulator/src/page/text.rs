//! Figures and scenarios in words.

use crate::scenario::{Act, Class, ClockKind, Place, Role};

/// Text that is safe in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A number in groups of three: `1 234 567`, with thin spaces.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole in percent; a part that is missing is never rounded away.
#[expect(clippy::cast_precision_loss, reason = "devices are counted, not measured")]
pub(super) fn percent(part: u64, whole: u64) -> String {
    match part {
        _ if whole == 0 => "none".to_owned(),
        part if part == whole => "100 %".to_owned(),
        part => format!("{:.2} %", (100.0 * part as f64 / whole as f64).min(99.99)),
    }
}

/// What the operator does in an act.
pub(super) fn act(act: &Act) -> String {
    let mut words = Vec::new();
    match act.rotate {
        Some(Role::Head) => words.push("replaces the head keys and restates their floor".to_owned()),
        Some(Role::People) => words.push("replaces every signer's key".to_owned()),
        None => {}
    }
    if act.recover {
        words.push("opens the next epoch with the recovery keys".to_owned());
    }
    let mut each = |what: &str, roots: &[String]| {
        if !roots.is_empty() {
            words.push(format!("{what} {}", roots.join(" and ")));
        }
    };
    each("adds the root", &act.add);
    each("removes the root", &act.remove);
    each("orders distrust of the root", &act.distrust);
    if let Some(number) = act.rollback_to {
        words.push(format!("publishes the content of release {number} again"));
    }
    match act.share {
        Some(share) => words.push(format!("gives the release to {share} % of the fleet")),
        None if act.releases() => words.push("gives the release to everybody".to_owned()),
        None => {}
    }
    words.join(", ")
}

/// Where an attacker sits.
pub(super) const fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "on the path",
        Place::Mirror => "as a mirror with good TLS",
    }
}

/// A class in words.
pub(super) fn class(class: &Class) -> String {
    let mut words = vec![format!(
        "{} KiB of storage, {} KiB of memory",
        class.region_bytes / 1_024,
        class.memory_bytes / 1_024
    )];
    match class.clock {
        ClockKind::Right => {}
        ClockKind::Unknown => words.push("no clock".to_owned()),
        ClockKind::Late { minutes } => {
            words.push(format!("a clock that is set {minutes} minutes after each start"))
        }
        ClockKind::Wrong { days } => words.push(format!("a clock that is {days} days off")),
    }
    let mut rate = |what: &str, per_day: f64| {
        if per_day > 0.0 {
            words.push(format!("{per_day} {what} a day"));
        }
    };
    rate("restarts", class.restarts_a_day);
    rate("power cuts", class.power_cuts_a_day);
    rate("failed writes", class.failed_writes_a_day);
    rate("silently wrong writes", class.silent_corruptions_a_day);
    if class.online_hours_a_day < 24.0 {
        words.push(format!("online for {} h a day", class.online_hours_a_day));
    }
    if class.portal_hours > 0.0 {
        words.push(format!("behind a captive portal for its first {} h", class.portal_hours));
    }
    if class.loss_percent > 0.0 {
        words.push(format!("{} % of answers lost or cut off", class.loss_percent));
    }
    if !class.expected {
        words.push("not expected to be in time".to_owned());
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_is_never_rounded_away() {
        assert_eq!(percent(99_999, 100_000), "99.99 %");
        assert_eq!(percent(7, 7), "100 %");
        assert_eq!(grouped(1_234_567), "1\u{2009}234\u{2009}567");
    }
}
