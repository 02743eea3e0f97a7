//! `lint`: holds certificates and bundles to the rules, and shows the rules themselves.

pub(super) mod bundle;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use crate::document::DraftFile;
use crate::finding::{Finding, Findings};
use crate::lint::file::Linted;
use crate::lint::{Role, Rule, rules};
use crate::repository::Repository;
use crate::{Context, Error, Exit};

/// Options of `lint`.
#[derive(Clone, Debug, Args)]
pub(super) struct LintArgs {
    /// Files with certificates (PEM, DER, PKCS#7, source code), drafts, numbers of releases, or "now" for what the
    /// repository holds
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
        match of_bundle(path, context)? {
            Some(findings) => linted.findings.extend(findings),
            None => linted.add_file(path, role, context.now())?,
        }
    }
    linted.compare();
    let answer = Answer { certificates: linted.certificates, findings: Findings::new(linted.findings) };
    let text = format!("{}certificates: {}\n", answer.findings, answer.certificates);
    context.output().data("cloud-updater.lint.1", &answer, text)?;
    Ok(answer.findings.exit())
}

/// What is wrong with a bundle, where the word means one.
fn of_bundle(path: &Path, context: &Context) -> Result<Option<Vec<Finding>>, Error> {
    if path.extension().is_some_and(|ending| ending == "draft") {
        let draft = DraftFile::read(path)?;
        if draft.channel.is_none() {
            return Err(
                Error::input("document_kind", "is the draft of a keyring, which has no bundle").file(path)
            );
        }
        let repository = context.find_repository()?.map(Repository::at).transpose()?;
        let findings = bundle::of_draft(&draft, repository.as_ref(), context);
        return findings.map(Some).map_err(|error| error.file(path));
    }
    let word = path.to_string_lossy();
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    if path.is_file() || !(word == "now" || is_number) {
        return Ok(None);
    }
    bundle::of_word(&word, &Repository::open(context)?, context).map(Some)
}

/// Takes the name of a rule that refuses, about certificates or about bundles.
pub(super) fn rule_parser(is_of_certificates: bool) -> impl TypedValueParser<Value = &'static Rule> {
    let refusing = move |rule: &&Rule| rule.refuses() && rule.is_of_certificates() == is_of_certificates;
    let names = rules::all().filter(refusing).map(|rule| PossibleValue::new(rule.id).help(rule.text));
    PossibleValuesParser::new(names)
        .try_map(|name| rules::named(&name).ok_or_else(|| format!("there is no rule {name}")))
}

fn table_text(rules: &[&Rule]) -> String {
    let line = |rule: &&Rule| {
        let Rule { id, severity, scope, text, source, advice, .. } = rule;
        format!("{id}  ({severity}, {scope})\n    {text}\n    {source}\n    if not: {advice}\n")
    };
    rules.iter().map(line).collect()
}
