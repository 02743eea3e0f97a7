//! Entering devices into the records: all of a list, or none of it.

use bundle::{Algorithm, Key};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, named_params};

use super::device::Device;

/// What an enrolment changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enrolled {
    /// Devices that were not known.
    pub added: u64,
    /// Known devices whose class, site, groups or key is another one now.
    pub changed: u64,
    /// Known devices that are what they were.
    pub unchanged: u64,
}

/// Why a list was not entered; nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// These devices cannot be entered: index in the list and why, as a phrase about the public key.
    #[error("{} devices cannot be entered", .0.len())]
    Conflicts(Vec<(usize, String)>),
    /// SQLite refused.
    #[error("the database refuses")]
    Database(#[from] rusqlite::Error),
}

/// Enters `devices` at the time `now` (seconds since 1970).
///
/// A device that is enrolled with another key gets the new one only with `replace`; its boots, counters and
/// clone mark start anew then, because they belonged to the old key.
///
/// # Errors
/// Every device that stands in the way.
pub fn enrol(
    connection: &mut Connection,
    devices: &[Device],
    replace: bool,
    now: i64,
) -> Result<Enrolled, EnrolError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let enrolled = enter_all(&transaction, devices, replace, now)?;
    transaction.commit()?;
    Ok(enrolled)
}

/// What [`enrol`] would do; nothing is kept of it.
///
/// # Errors
/// As [`enrol`].
pub(super) fn rehearse(
    connection: &mut Connection,
    devices: &[Device],
    replace: bool,
    now: i64,
) -> Result<Enrolled, EnrolError> {
    // Dropped, the transaction rolls back.
    enter_all(&connection.transaction()?, devices, replace, now)
}

fn enter_all(
    transaction: &Transaction<'_>,
    devices: &[Device],
    replace: bool,
    now: i64,
) -> Result<Enrolled, EnrolError> {
    let mut enrolled = Enrolled::default();
    let mut conflicts = Vec::new();
    for (index, device) in devices.iter().enumerate() {
        match enter(transaction, device, replace, now)? {
            Ok(Change::Added) => enrolled.added += 1,
            Ok(Change::Changed) => enrolled.changed += 1,
            Ok(Change::Unchanged) => enrolled.unchanged += 1,
            Err(conflict) => conflicts.push((index, conflict)),
        }
    }
    if conflicts.is_empty() { Ok(enrolled) } else { Err(EnrolError::Conflicts(conflicts)) }
}

enum Change {
    Added,
    Changed,
    Unchanged,
}

fn enter(
    transaction: &Transaction<'_>,
    device: &Device,
    replace: bool,
    now: i64,
) -> rusqlite::Result<Result<Change, String>> {
    let key_id = key_id(device);
    let owner = "SELECT id FROM device WHERE key_id = ?1 AND id <> ?2";
    let owner: Option<String> = transaction
        .prepare_cached(owner)?
        .query_row((key_id.as_slice(), &device.id), |row| row.get(0))
        .optional()?;
    if let Some(owner) = owner {
        return Ok(Err(format!("is the key of {owner} already: every device has a key of its own")));
    }
    let Some(known) = known(transaction, device)? else {
        insert(transaction, device, &key_id, now)?;
        return Ok(Ok(Change::Added));
    };
    if known == *device {
        return Ok(Ok(Change::Unchanged));
    }
    if known.public_key != device.public_key {
        if !replace {
            let message = format!("{} is enrolled with another key: --replace exchanges it", device.id);
            return Ok(Err(message));
        }
        transaction.prepare_cached("DELETE FROM boot WHERE device_id = ?1")?.execute([&device.id])?;
    }
    let update = "UPDATE device SET class = :class, site = :site, groups = :groups,
        cloned_at = CASE WHEN key_id = :key_id THEN cloned_at ELSE NULL END,
        key_id = :key_id, public_key = :public_key WHERE id = :id";
    transaction.prepare_cached(update)?.execute(named_params! {
        ":class": device.class,
        ":site": device.site,
        ":groups": device.groups.join(";"),
        ":key_id": key_id.as_slice(),
        ":public_key": device.public_key.as_slice(),
        ":id": device.id,
    })?;
    Ok(Ok(Change::Changed))
}

fn known(transaction: &Transaction<'_>, device: &Device) -> rusqlite::Result<Option<Device>> {
    let known = "SELECT public_key, class, site, groups FROM device WHERE id = ?1";
    let mut statement = transaction.prepare_cached(known)?;
    let row = statement.query_row([&device.id], |row| {
        let groups: String = row.get("groups")?;
        Ok(Device {
            id: device.id.clone(),
            public_key: row.get("public_key")?,
            class: row.get("class")?,
            site: row.get("site")?,
            groups: groups.split(';').filter(|group| !group.is_empty()).map(str::to_owned).collect(),
        })
    });
    row.optional()
}

fn insert(transaction: &Transaction<'_>, device: &Device, key_id: &[u8], now: i64) -> rusqlite::Result<()> {
    let insert = "INSERT INTO device (id, key_id, public_key, class, site, groups, enrolled_at)
        VALUES (:id, :key_id, :public_key, :class, :site, :groups, :enrolled_at)";
    transaction.prepare_cached(insert)?.execute(named_params! {
        ":id": device.id,
        ":key_id": key_id,
        ":public_key": device.public_key.as_slice(),
        ":class": device.class,
        ":site": device.site,
        ":groups": device.groups.join(";"),
        ":enrolled_at": now,
    })?;
    Ok(())
}

fn key_id(device: &Device) -> [u8; 8] {
    Key { algorithm: Algorithm::ED25519, bytes: &device.public_key, name: "" }.id().0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::{TestFleet, device};

    fn conflicts(result: Result<Enrolled, EnrolError>) -> Vec<(usize, String)> {
        match result {
            Err(EnrolError::Conflicts(conflicts)) => conflicts,
            other => panic!("no conflict: {other:?}"),
        }
    }

    fn count(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM device", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_same_list_twice_changes_nothing() {
        let fleet = TestFleet::of([1, 2]);
        let again = enrol(&mut fleet.connection(), &[device(1), device(2)], false, 2_000).unwrap();
        assert_eq!(again, Enrolled { added: 0, changed: 0, unchanged: 2 });
    }

    #[test]
    fn one_conflict_keeps_the_whole_list_out() {
        let fleet = TestFleet::of([1]);
        let thief = Device { id: "thief".to_owned(), ..device(1) };
        let found = conflicts(enrol(&mut fleet.connection(), &[device(2), thief], true, 2_000));
        assert_eq!(found[0].0, 1);
        assert!(found[0].1.contains("device-1"), "{}", found[0].1);
        assert_eq!(count(&fleet.connection()), 1);
    }

    #[test]
    fn a_key_is_exchanged_only_when_asked_for() {
        let fleet = TestFleet::of([1]);
        let renewed = Device { id: "device-1".to_owned(), ..device(9) };
        let found = conflicts(enrol(&mut fleet.connection(), std::slice::from_ref(&renewed), false, 2_000));
        assert!(found[0].1.contains("--replace"), "{}", found[0].1);
        let enrolled = enrol(&mut fleet.connection(), &[renewed], true, 2_000).unwrap();
        assert_eq!(enrolled.changed, 1);
    }

    #[test]
    fn class_site_and_groups_can_be_corrected_without_asking() {
        let fleet = TestFleet::of([1]);
        let moved = Device { site: Some("Oslo".to_owned()), groups: vec!["a".to_owned()], ..device(1) };
        assert_eq!(
            enrol(&mut fleet.connection(), std::slice::from_ref(&moved), false, 2_000).unwrap().changed,
            1
        );
        assert_eq!(enrol(&mut fleet.connection(), &[moved], false, 2_000).unwrap().unchanged, 1);
    }
}
