//! Attacks: each is refused by name, and what the device trusts is bit for bit what it was.

use indicatif::ProgressBar;
use system_tests::attacks;

use crate::{
    Arguments,
    figures::Figures,
    step::{Observation, require},
};

/// Runs every attack of the test kit.
pub(crate) fn show(_: &Arguments, _: &mut Figures, bar: &ProgressBar) -> Observation {
    let all = attacks::run(|name| bar.set_message(name.to_owned()));
    require(!all.is_empty(), || "no attack was made".to_owned())?;
    let failed: Vec<String> = all
        .iter()
        .filter(|attack| !attack.held())
        .map(|attack| format!("{}: {}", attack.name, attack.faults.join("; ")))
        .collect();
    require(failed.is_empty(), || failed.join("\n"))?;
    let mut lines = vec![format!("{} attacks refused by name, trust unchanged", all.len())];
    lines.extend(all.iter().map(|attack| format!("{}: {}", attack.name, attack.refused_as.join(", "))));
    Ok(lines.join("\n"))
}
