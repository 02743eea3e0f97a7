//! A signal, to whom the configuration says.

use rustix::process::Signal;

use super::Outcome;
use super::errand::{Ended, Errand};
use super::recipient::Recipient;
use super::unit;
use crate::linux::configuration::{SignalName, SignalTarget};

/// Sends the signal, after a look at whom it would reach.
pub(super) async fn signal(errand: &Errand<'_>, signal: SignalName, target: &SignalTarget) -> Ended {
    match target {
        SignalTarget::Unit(name) => unit::signal(errand, name, signal).await,
        SignalTarget::PidFile { path, process } => {
            let sent = Recipient::of_file(path, process.as_deref())
                .and_then(|recipient| deliver(&recipient, signal.signal));
            sent.map_or_else(Ended::from, |()| Ended::of(Outcome::Told))
        }
    }
}

fn deliver(recipient: &Recipient, signal: Signal) -> Result<(), super::recipient::Refusal> {
    recipient.check(signal)?;
    recipient.send(signal)
}
