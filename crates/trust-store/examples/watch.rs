//! Waits for changes on a thread, without TLS: what a program with a TLS stack of its own does.
//!
//! `cargo run -p trust-store --example watch -- STORE SERVICE` writes one line now, and one for each change: where the
//! release comes from, its number, and the SHA-256 of each anchor that serves.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use trust_store::{Location, TrustStore};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(service)) = (arguments.next(), arguments.next()) else {
        return Err("usage: watch STORE SERVICE".into());
    };
    let store = TrustStore::open(Location::of(Path::new(&path)), None)?;
    let mut changes = store.changes(Duration::from_millis(20));
    while let Some(installed) = changes.wait(Duration::MAX) {
        // Here a program hands `anchor.der` to its TLS stack, in a new context.
        let anchors = installed.anchors(&service).ok_or("the release has no such service")?;
        let anchors: Vec<String> = anchors.map(|anchor| anchor.entry.sha256.to_string()).collect();
        let (origin, number) = (installed.origin(), installed.order().number);
        writeln!(std::io::stdout(), "{origin:?} {number} {}", anchors.join(" "))?;
    }
    Ok(())
}
