//! The packs of keyring generations, run as a device runs them.

use bundle::limits::PACK_GENERATIONS_MAX;

use super::chain::Chain;
use super::origin::Origin;
use super::record::Record;
use crate::server::PublishedName;

/// Runs the packs that a device at the chain's first generation would ask for, or every one that is listed.
pub(super) fn check(origin: &Origin, listed: Option<&[String]>, chain: &Chain, record: &mut Record) {
    let numbers =
        chain.oldest_first().filter_map(|ring| ring.keyring().ok()).map(|keyring| keyring.order().number);
    let numbers: Vec<u32> = numbers.collect();
    let (Some(first), Some(last)) = (numbers.first().copied(), numbers.last().copied()) else { return };
    let wanted = match listed {
        Some(paths) => paths.iter().filter_map(|path| pack(path)).collect(),
        None if last > first => vec![(first, last.min(first.saturating_add(PACK_GENERATIONS_MAX)))],
        None => Vec::new(),
    };
    let mut good = 0_usize;
    for (from, to) in wanted {
        let name = PublishedName::KeyringPack { from, to };
        match origin.read(&name) {
            Ok(Some(bytes)) => good += usize::from(run(&bytes, from, to, chain, record, &name.to_string())),
            Ok(None) => {
                record.finding(name.to_string(), "pack_missing", "devices take one request a generation")
            }
            Err(error) => record.unreachable(name.to_string(), error.to_string()),
        }
    }
    if good > 0 {
        record.good("keyring packs", format!("{good} lead from their first generation to their last"));
    }
}

fn pack(path: &str) -> Option<(u32, u32)> {
    match PublishedName::parse(path)? {
        PublishedName::KeyringPack { from, to } => Some((from, to)),
        _ => None,
    }
}

/// Whether `bytes` lead a device from generation `from` to generation `to`.
fn run(bytes: &[u8], from: u32, to: u32, chain: &Chain, record: &mut Record, subject: &str) -> bool {
    let start =
        chain.oldest_first().find(|ring| ring.keyring().is_ok_and(|keyring| keyring.order().number == from));
    // A pack from before the trusted keyring is for devices that are older than the one we act as.
    let Some(start) = start else { return false };
    let mut followed = Chain::new(start.clone());
    match followed.accept_all(bytes, subject) {
        Err(error) => record.refused(subject, &error),
        Ok(_) => match followed.newest().keyring() {
            Ok(keyring) if keyring.order().number == to => return true,
            Ok(keyring) => {
                let detail = format!("ends with keyring {}, its name says {to}", keyring.order());
                record.bad(subject, "pack_end", detail);
            }
            Err(error) => record.refused(subject, &error),
        },
    }
    false
}
