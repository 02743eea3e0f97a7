//! `device-agent status`: what is trusted, since when, why, and what the last check did.

use crate::linux::cli::Context;
use crate::linux::error::{Error, Exit};
use crate::linux::status::Overview;

pub(in crate::linux) fn run(context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let overview = Overview::gather(&settings, &context.clock())?;
    context.output.data("device-agent.status.1", &overview, &overview)?;
    Ok(if overview.findings.is_empty() { Exit::Done } else { Exit::Finding })
}
