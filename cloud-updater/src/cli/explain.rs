//! `explain`: why a certificate is trusted here, or is not.

use clap::Args;

use crate::explain::Explanation;
use crate::printable::printable;
use crate::repository::Repository;
use crate::{Context, Error, Exit};

/// Options of `explain`.
#[derive(Clone, Debug, Args)]
pub(super) struct ExplainArgs {
    /// Name of an anchor, or a certificate's SHA-256 from its first eight digits on
    #[arg(value_name = "FINGERPRINT")]
    certificate: String,
}

pub(super) fn run(args: &ExplainArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let explanation = Explanation::of(&args.certificate, &repository)?;
    let text = text(&explanation);
    context.output().data("cloud-updater.explain.1", &explanation, text)?;
    Ok(Exit::Done)
}

fn text(found: &Explanation) -> String {
    let mut lines = vec![printable(&found.subject), format!("  sha256 {}", found.sha256)];
    lines.extend(found.spki_sha256.iter().map(|key| format!("  key    {key}")));
    lines.extend(found.valid.iter().map(|(from, to)| format!("  valid  {from} to {to}")));
    match &found.entry {
        Some(entry) => {
            lines.push(format!("here: {} {}, {}", entry.kind, entry.name, entry.state));
            lines.push(format!("  because: {}", printable(&entry.reason)));
            lines.extend(entry.allowed.iter().map(|rule| format!("  allowed {}", printable(rule))));
            lines.extend(entry.retire.iter().map(|day| format!("  planned to leave on {day}")));
        }
        None => lines.push("here: in neither anchors/ nor intermediates/".to_owned()),
    }
    for channel in &found.channels {
        let release =
            channel.release.map_or_else(|| "no release yet".to_owned(), |number| format!("release {number}"));
        let services = if channel.services.is_empty() {
            String::new()
        } else {
            format!(", for {}", channel.services.join(", "))
        };
        lines.push(format!("channel {}, {release}: {}{services}", channel.channel, channel.standing));
    }
    for source in &found.sources {
        let says: Vec<String> =
            source.says.iter().map(|(field, value)| format!("{field} {}", printable(value))).collect();
        lines.push(format!("source {}: {}", source.source, says.join("; ")));
    }
    lines.push("what happened:".to_owned());
    for event in &found.events {
        lines.push(format!("  {}  {}  ({})", event.at, printable(&event.what), printable(&event.who)));
    }
    lines.join("\n")
}
