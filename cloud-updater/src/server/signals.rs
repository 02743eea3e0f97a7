//! What the operating system tells the server: SIGTERM and SIGINT stop it, SIGHUP makes it read again.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Starts listening for signals: what comes out is "stop" and "read again".
pub(super) fn listen() -> io::Result<(watch::Receiver<bool>, mpsc::Receiver<()>)> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let (stop, stopped) = watch::channel(false);
    let (reload, reloads) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => {
                    // One that waits already does what this one asks for.
                    let _ = reload.try_send(());
                }
            }
        }
        let _ = stop.send(true);
        stop.closed().await;
    });
    Ok((stopped, reloads))
}
