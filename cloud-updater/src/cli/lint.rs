//! `lint`: holds certificates to the rules, and shows the rules themselves.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::finding::Findings;
use crate::lint::file::Linted;
use crate::lint::{Role, Rule, rules};
use crate::{Context, Error, Exit};

/// Options of `lint`.
#[derive(Clone, Debug, Args)]
pub(super) struct LintArgs {
    /// Files with certificates: PEM, DER, PKCS#7, source code
    #[arg(value_name = "FILE", required_unless_present = "rules")]
    files: Vec<PathBuf>,

    /// Judge certificates as intermediates, which something else vouches for
    #[arg(long)]
    intermediate: bool,

    /// Show the rules: name, severity, what they demand and who says so
    #[arg(long, conflicts_with_all = ["files", "intermediate"])]
    rules: bool,
}

#[derive(Serialize)]
struct Answer {
    certificates: usize,
    #[serde(flatten)]
    findings: Findings,
}

#[derive(Serialize)]
struct Table {
    rules: Vec<&'static Rule>,
}

pub(super) fn run(args: &LintArgs, context: &Context) -> Result<Exit, Error> {
    if args.rules {
        let table = Table { rules: rules::all().collect() };
        context.output().data("cloud-updater.lint-rules.1", &table, table_text(&table.rules))?;
        return Ok(Exit::Done);
    }
    let role = args.intermediate.then_some(Role::Intermediate);
    let mut linted = Linted::default();
    for path in &args.files {
        linted.add_file(path, role, context.now())?;
    }
    linted.compare();
    let answer = Answer { certificates: linted.certificates, findings: Findings::new(linted.findings) };
    let text = format!("{}certificates: {}\n", answer.findings, answer.certificates);
    context.output().data("cloud-updater.lint.1", &answer, text)?;
    Ok(answer.findings.exit())
}

fn table_text(rules: &[&Rule]) -> String {
    let line = |rule: &&Rule| {
        let Rule { id, severity, scope, text, source, advice, .. } = rule;
        format!("{id}  ({severity}, {scope})\n    {text}\n    {source}\n    if not: {advice}\n")
    };
    rules.iter().map(line).collect()
}
