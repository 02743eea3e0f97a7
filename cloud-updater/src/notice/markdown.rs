//! A notice as Markdown.

use super::{Effect, Notice, ServiceNotice};

/// The text of a notice.
#[must_use]
pub fn markdown(notice: &Notice) -> String {
    let mut text =
        format!("# Certificates of {}, channel {}: {}\n\n", notice.fleet, notice.channel, subject(notice));
    text.push_str(&format!(
        "{}. Devices of class {} hold {}. To come: {}.\n\n**{}**\n",
        notice.day,
        notice.device_class,
        if notice.held.is_empty() { "nothing yet".to_owned() } else { notice.held.join(" and ") },
        notice.candidate,
        in_short(notice)
    ));
    what_changes(notice, &mut text);
    who_must_act(notice, &mut text);
    who_need_do_nothing(notice, &mut text);
    if !notice.findings.is_empty() {
        text.push_str("\n## What else is coming\n\n| by | what | about | to do |\n|---|---|---|---|\n");
        for finding in &notice.findings {
            let due = finding.due.map_or_else(|| "–".to_owned(), crate::date::day);
            let hint = finding.hint.as_deref().unwrap_or("–");
            text.push_str(&row(&[&due, &finding.message, &finding.subject, hint]));
        }
    }
    how_to_test(notice, &mut text);
    if_it_breaks(notice, &mut text);
    text
}

fn subject(notice: &Notice) -> &'static str {
    let is = |effect| notice.services.iter().any(|service| service.effect == effect);
    if is(Effect::Lost) {
        "a service would be lost"
    } else if is(Effect::RootsChange) {
        "roots change"
    } else if notice.changes.is_empty() {
        "nothing changes"
    } else {
        "no root changes"
    }
}

fn in_short(notice: &Notice) -> String {
    let names = |effect| -> Vec<&str> {
        let services = notice.services.iter().filter(|service| service.effect == effect);
        services.map(|service| service.service.as_str()).collect()
    };
    let (lost, refused, unknown) = (names(Effect::Lost), names(Effect::Refused), names(Effect::Unknown));
    let mut sentences = Vec::new();
    if !lost.is_empty() {
        sentences
            .push(format!("Devices would lose {}: this must not be published as it is.", lost.join(", ")));
    }
    if !refused.is_empty() {
        sentences.push(format!("Devices do not reach {} as it is.", refused.join(", ")));
    }
    if !unknown.is_empty() {
        sentences
            .push(format!("Nothing is promised for {}: nobody has seen what it serves.", unknown.join(", ")));
    }
    if sentences.is_empty() {
        sentences.push("Nobody has to do anything: every service verifies before and after.".to_owned());
    }
    sentences.join(" ")
}

fn what_changes(notice: &Notice, text: &mut String) {
    text.push_str("\n## What changes\n\n");
    if notice.changes.is_empty() {
        text.push_str("Nothing between these two.\n");
        return;
    }
    text.push_str("| service | what | pins or expected names |\n|---|---|---|\n");
    for service in notice.services.iter().filter(|service| service.effect != Effect::Untouched) {
        let details = service.changes.join("; ");
        let what = if details.is_empty() { words(service.effect).to_owned() } else { details };
        text.push_str(&row(&[&service.service, &what, if service.touches_pins { "yes" } else { "no" }]));
    }
    if notice.anchors.is_empty() {
        text.push_str("\nNo root comes, goes or changes.\n");
    } else {
        text.push_str("\n| root | | from | until |\n|---|---|---|---|\n");
        for anchor in &notice.anchors {
            text.push_str(&row(&[
                &anchor.name,
                anchor.what,
                &anchor.from,
                anchor.until.as_deref().unwrap_or("–"),
            ]));
        }
    }
    let intermediates = notice.changes.iter().filter(|change| change.what == "intermediate").count();
    if intermediates > 0 {
        text.push_str(&format!(
            "\nIntermediates that come or go: {intermediates}. They help to build paths and are trusted by nobody; who has \
             pinned one in an application of their own must look at it.\n"
        ));
    }
}

fn who_must_act(notice: &Notice, text: &mut String) {
    text.push_str("\n## Who must act\n\n");
    let pressing: Vec<&ServiceNotice> =
        notice.services.iter().filter(|service| service.effect.demands_action()).collect();
    if pressing.is_empty() {
        text.push_str("Nobody.\n");
        return;
    }
    text.push_str("| who | what | why | by |\n|---|---|---|---|\n");
    for service in pressing {
        let (who, what) = match service.effect {
            Effect::Lost => {
                ("whoever drafts this release", "add the root that it is served with, or keep the old one")
            }
            Effect::Refused => {
                ("whoever runs the service, and the operator", "serve a chain that devices accept")
            }
            _ => (
                "whoever reaches its endpoints",
                "run `cloud-updater watch --once` there, and bring the file",
            ),
        };
        let why = format!("{}: {}", service.service, service.because);
        text.push_str(&row(&[who, what, &why, "before it is published"]));
    }
}

fn who_need_do_nothing(notice: &Notice, text: &mut String) {
    text.push_str("\n## Who need do nothing, and why\n\n");
    let quiet: Vec<&ServiceNotice> =
        notice.services.iter().filter(|service| !service.effect.demands_action()).collect();
    for service in &quiet {
        let seen = service.last_seen.as_deref().unwrap_or("never");
        text.push_str(&format!(
            "- Applications that use {} through this product: {}. Seen last {seen}; verified {}.\n",
            service.service,
            words(service.effect),
            service.because
        ));
    }
    text.push_str(
        "- Devices that have not installed this yet: they keep what they have, and every service that verifies under both \
         is reached meanwhile.\n",
    );
    if quiet.is_empty() {
        text.push_str("- No service is among them.\n");
    }
}

fn how_to_test(notice: &Notice, text: &mut String) {
    let channel = &notice.channel;
    text.push_str(&format!(
        "\n## How to test beforehand\n\n\
         - `cloud-updater coverage --channel {channel}` judges what was seen by what devices have, by this, and by both.\n\
         - `cloud-updater publish --channel {channel} --share 1%` brings it to one device of a hundred; each proves its \
         endpoints before it installs.\n\
         - On one device, `device-agent probe HOST:PORT` asks an endpoint with the certificates that it has.\n"
    ));
}

fn if_it_breaks(notice: &Notice, text: &mut String) {
    let channel = &notice.channel;
    text.push_str(&format!(
        "\n## If it breaks\n\n\
         - `cloud-updater fleet list` shows devices that refused it, with their reason; `device-agent status` on one says why.\n\
         - `cloud-updater rollout pause --channel {channel} --reason \"…\" --head-key KEY` stops it; nobody further installs.\n\
         - `cloud-updater draft --channel {channel} --rollback-to N` brings back what an earlier release had.\n"
    ));
}

const fn words(effect: Effect) -> &'static str {
    match effect {
        Effect::Lost => "it would be lost",
        Effect::Refused => "it is refused before and after",
        Effect::Unknown => "nobody has seen what it serves",
        Effect::RootsChange => "its roots change, and what it serves verifies before and after",
        Effect::NoRootChanges => "no root changes for it, and what it serves verifies before and after",
        Effect::Untouched => "nothing about it changes",
    }
}

/// One row of a table: what would end a cell or the row is escaped.
fn row(cells: &[&str]) -> String {
    let cell = |text: &&str| {
        let text = text.replace(['\n', '\r'], " ");
        text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
    };
    format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_certificate_calls_itself_cannot_leave_its_cell() {
        assert_eq!(row(&["a|b", "<script>\n", "\\"]), "| a\\|b | &lt;script>  | \\\\ |\n");
    }
}
