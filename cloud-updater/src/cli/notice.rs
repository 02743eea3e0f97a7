//! `notice`: who must do what by when, in Markdown.

use std::path::PathBuf;

use clap::Args;

use crate::coverage::{self, Sides};
use crate::durable::{self, PUBLIC_MODE};
use crate::finding::{Finding, Findings};
use crate::notice::{Notice, markdown};
use crate::observation::read_all;
use crate::publish::Archive;
use crate::repository::Repository;
use crate::source::{Heard, Source};
use crate::watch::findings::{self, View};
use crate::{Context, Error, Exit};

/// Options of `notice`.
#[derive(Clone, Debug, Args)]
pub(super) struct NoticeArgs {
    /// A release's number, a draft file, or "now" for what the repository holds [default: the draft that waits, else now]
    #[arg(value_name = "CANDIDATE")]
    candidate: Option<String>,

    /// Only what the watcher found by this rule, for a notice about that; may be given several times
    #[arg(long, value_name = "RULE")]
    finding: Vec<String>,

    /// Write it into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &NoticeArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let archive = Archive::read(&repository)?;
    let sides = Sides::of_word(&repository, &archive, channel, args.candidate.as_deref(), context)?;
    let observations = read_all(repository.layout(), context.now())?;
    let matrix = coverage::by(&repository, &sides, &observations, context.now())?;
    let heard = Heard::of(&Source::all(repository.layout())?)?;
    let view = View {
        sides: &sides,
        matrix: &matrix,
        observations: &observations,
        heard: &heard,
        settings: &repository.fleet().watch,
        now: context.now(),
    };
    let in_matrix = coverage::findings(&matrix);
    let found = wanted(findings::of_channel(&view), &in_matrix, &args.finding)?;
    let class = &repository.fleet().channel(channel)?.device_class;
    let notice = Notice::new((&repository.fleet().fleet, class), &sides, &matrix, found);
    let text = markdown(&notice);
    if let Some(path) = args.out.as_ref().filter(|_| !context.dry_run()) {
        durable::write_file(path, text.as_bytes(), PUBLIC_MODE)?;
    }
    context.output().data("cloud-updater.notice.1", &notice, text)?;
    Ok(if notice.demands_action() { Exit::Finding } else { Exit::Done })
}

/// The findings by these rules, or all but what the notice says by itself: what the matrix says.
fn wanted(found: Vec<Finding>, in_matrix: &Findings, rules: &[String]) -> Result<Vec<Finding>, Error> {
    let missing = rules.iter().find(|rule| !found.iter().any(|finding| finding.rule == rule.as_str()));
    if let Some(rule) = missing {
        let error = Error::usage("no_finding", format!("the watcher found nothing by the rule {rule:?}"));
        return Err(error
            .field("--finding")
            .hint("cloud-updater watch --once --offline shows what it found"));
    }
    let is_wanted = |finding: &Finding| {
        if rules.is_empty() {
            !in_matrix.iter().any(|known| known == finding)
        } else {
            rules.iter().any(|rule| rule == finding.rule)
        }
    };
    Ok(found.into_iter().filter(is_wanted).collect())
}
