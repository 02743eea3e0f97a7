//! `anchor list`: what the repository holds, with what needs attention first.

use serde::Serialize;

use crate::repository::service_file::AnchorChoice;
use crate::repository::{AnchorEntry, AnchorStanding, Repository};
use crate::{Context, Error, Exit, date};

#[derive(Serialize)]
struct Answer {
    anchors: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    state: String,
    sha256: String,
    subject: String,
    key: String,
    not_before: String,
    not_after: String,
    expired: bool,
    services: Vec<String>,
    reason: String,
}

pub(super) fn run(repository: &Repository, context: &Context) -> Result<Exit, Error> {
    let services = repository.services()?;
    let serves = |entry: &AnchorEntry| -> Vec<String> {
        if entry.record.state == AnchorStanding::Distrusted {
            return Vec::new();
        }
        let names = services.services.iter().filter(|(_, service)| match &service.anchors {
            AnchorChoice::All => !entry.is_intermediate(),
            AnchorChoice::Named(names) => names.iter().any(|name| entry.answers_to(name)),
        });
        names.map(|(name, _)| name.clone()).collect()
    };
    let entries = [repository.anchors()?, repository.intermediates()?].concat();
    let row = |entry: &AnchorEntry| Row {
        name: entry.name.clone(),
        kind: if entry.is_intermediate() { "intermediate" } else { "anchor" },
        state: if entry.is_intermediate() { "-".to_owned() } else { entry.record.state.to_string() },
        sha256: entry.certificate.sha256.to_string(),
        subject: entry.certificate.subject.clone(),
        key: entry.certificate.key.to_string(),
        not_before: date::instant(entry.certificate.not_before),
        not_after: date::instant(entry.certificate.not_after),
        expired: context.now() > entry.certificate.not_after,
        services: serves(entry),
        reason: entry.record.reason.clone(),
    };
    let rows: Vec<Row> = entries.iter().map(row).collect();
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in &rows {
        let until = row.not_after.split('T').next().unwrap_or_default();
        let note = if row.expired { " EXPIRED" } else { "" };
        let services = if row.services.is_empty() { "-".to_owned() } else { row.services.join(",") };
        text.push_str(&format!(
            "{:width$}  {:<10}  until {until}{note}  {}  {services}\n",
            row.name, row.state, row.key
        ));
    }
    if rows.is_empty() {
        text.push_str("no anchors yet: cloud-updater anchor add FILE --reason \"…\"\n");
    }
    context.output().data("cloud-updater.anchor-list.1", &Answer { anchors: rows }, text)?;
    Ok(Exit::Done)
}
