//! `fleet.sqlite`: enrolled devices and what they reported. It is the one file that no clone of the
//! repository has; back it up.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::{FleetError, FleetFault};

/// Layout of the tables, kept in SQLite's `user_version`.
const LAYOUT: i64 = 3;

/// `"TBFL"`: tells our database from any other SQLite file.
const APPLICATION_ID: i64 = 0x5442_464c;

/// How long a statement waits for another process that is writing, such as an enrolment.
const BUSY: Duration = Duration::from_secs(5);

/// The tables of layout 1. Times are seconds since 1970, ids of boots and digests are raw bytes.
const TABLES: &str = "
CREATE TABLE device (
    id TEXT NOT NULL PRIMARY KEY,
    key_id BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL UNIQUE,
    class TEXT,
    site TEXT,
    groups TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    cloned_at INTEGER,
    last_report INTEGER
) STRICT;
CREATE TABLE boot (
    device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    boot_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    device_time INTEGER,
    frame_sha256 BLOB NOT NULL,
    PRIMARY KEY (device_id, boot_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE report (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    received_at INTEGER NOT NULL,
    device_time INTEGER,
    channel BLOB NOT NULL,
    boot_id BLOB NOT NULL,
    commit_count INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    release_epoch INTEGER NOT NULL,
    release_number INTEGER NOT NULL,
    release_digest BLOB NOT NULL,
    subject_number INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    keyring_epoch INTEGER NOT NULL,
    keyring_version INTEGER NOT NULL,
    head_number INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    agent_version TEXT NOT NULL
) STRICT;
CREATE INDEX report_of_device ON report (device_id, number);
CREATE TABLE probe (
    report_number INTEGER NOT NULL REFERENCES report (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    present INTEGER NOT NULL,
    candidate INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    PRIMARY KEY (report_number, position)
) STRICT, WITHOUT ROWID;
";

/// What layout 2 adds: what reports say of the applications of their devices.
const APPLICATIONS: &str = "
ALTER TABLE report ADD COLUMN applications_declared INTEGER;
ALTER TABLE report ADD COLUMN applications_well INTEGER;
CREATE TABLE application (
    report_number INTEGER NOT NULL REFERENCES report (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    release_number INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    still_trusts INTEGER NOT NULL,
    PRIMARY KEY (report_number, name)
) STRICT, WITHOUT ROWID;
";

/// What layout 3 adds: which anchors the services of a device were last seen to need. A report that says nothing of a service
/// takes nothing back: boards forget with each start. Marks of anchors are raw bytes.
const CENSUS: &str = "
ALTER TABLE report ADD COLUMN census_services INTEGER;
CREATE TABLE need (
    device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    channel BLOB NOT NULL,
    service TEXT NOT NULL,
    anchors BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (device_id, channel, service, anchors)
) STRICT, WITHOUT ROWID;
";

/// Opens the database, and makes it, with mode 0600, where there is none.
///
/// Write-ahead logging with a full sync at each commit: what was acknowledged survives a power cut, and
/// readers such as `fleet list` never wait for the server.
///
/// # Errors
/// Where the file cannot be opened, is of another kind, or was made by a newer version.
pub(super) fn open(path: &Path) -> Result<Connection, FleetError> {
    create(path)?;
    let mut connection = connect(path).map_err(|source| FleetFault::Database(source).of(path))?;
    prepare(&mut connection, path)?;
    Ok(connection)
}

/// Opens a database that must be there, for reading.
///
/// # Errors
/// As [`open`], and where there is none.
pub(super) fn open_existing(path: &Path) -> Result<Connection, FleetError> {
    if !path.exists() {
        return Err(FleetFault::NoDatabase.of(path));
    }
    let connection = open(path)?;
    let failed = |source| FleetFault::Database(source).of(path);
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

/// An empty database that nobody keeps, to rehearse in.
///
/// # Errors
/// Where SQLite has no memory.
pub(super) fn in_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(APPLICATIONS)?;
    connection.execute_batch(CENSUS)?;
    Ok(connection)
}

/// Makes an empty file that only its owner can read: the list of a fleet's devices is nobody else's business.
fn create(path: &Path) -> Result<(), FleetError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(FleetFault::Create(source).of(path)),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Text and numbers out of a file that somebody may have tampered with reach no function with side effects.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), FleetError> {
    let failed = |source| FleetFault::Database(source).of(path);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(failed)?;
    let layout = pragma("user_version").map_err(failed)?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = transaction.query_row(tables, [], |row| row.get(0)).map_err(failed)?;
    let steps: &[&str] = match (application, layout) {
        (APPLICATION_ID, LAYOUT) => return Ok(()),
        (APPLICATION_ID, 1) => &[APPLICATIONS, CENSUS],
        (APPLICATION_ID, 2) => &[CENSUS],
        (APPLICATION_ID, _) => return Err(FleetFault::Layout { layout, known: LAYOUT }.of(path)),
        (0, 0) if tables == 0 => &[TABLES, APPLICATIONS, CENSUS],
        _ => return Err(FleetFault::OtherDatabase.of(path)),
    };
    for step in steps {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", LAYOUT).map_err(failed)?;
    transaction.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn fault(result: Result<Connection, FleetError>) -> FleetFault {
        result.unwrap_err().fault
    }

    #[test]
    fn a_new_database_is_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fleet.sqlite");
        open(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        open(&path).unwrap();
        open_existing(&path).unwrap();
    }

    #[test]
    fn another_kind_of_database_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert!(matches!(fault(open(&path)), FleetFault::OtherDatabase));
        let text = b"this is not a database at all, only text ".repeat(40);
        fs::File::create(folder.path().join("text")).unwrap().write_all(&text).unwrap();
        assert!(matches!(fault(open(&folder.path().join("text"))), FleetFault::Database(_)));
    }

    #[test]
    fn a_newer_layout_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fleet.sqlite");
        open(&path).unwrap().pragma_update(None, "user_version", LAYOUT + 1).unwrap();
        assert!(matches!(fault(open(&path)), FleetFault::Layout { layout, .. } if layout > LAYOUT));
    }

    /// A database of an earlier layout with one device: these steps, under this number.
    fn earlier(path: &Path, layout: i64, steps: &[&str]) {
        let old = Connection::open(path).unwrap();
        steps.iter().for_each(|step| old.execute_batch(step).unwrap());
        let device = "INSERT INTO device (id, key_id, public_key, groups, enrolled_at)
            VALUES ('device-1', x'01', x'02', '', 1)";
        old.execute_batch(device).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        old.pragma_update(None, "user_version", layout).unwrap();
    }

    /// Columns of every table, by their tables' names.
    fn columns(path: &Path) -> Vec<(String, String)> {
        let connection = open(path).unwrap();
        let columns = "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
            WHERE tables.type = 'table' ORDER BY tables.name, columns.cid";
        let mut statement = connection.prepare(columns).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_database_of_an_earlier_layout_keeps_what_it_has_and_gets_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let steps = [TABLES, APPLICATIONS, CENSUS];
        let of_new = columns(&at("new.sqlite"));
        for (layout, path) in (1..LAYOUT).zip([at("one.sqlite"), at("two.sqlite")]) {
            earlier(&path, layout, &steps[..usize::try_from(layout).unwrap()]);
            assert_eq!(columns(&path), of_new, "the tables are those of a new database");
            assert_eq!(columns(&path), of_new, "once is enough");
            let devices = open(&path).unwrap().query_row("SELECT count(*) FROM device", [], |row| row.get(0));
            assert_eq!(devices, Ok(1_i64), "the device is kept");
        }
    }

    #[test]
    fn reading_needs_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fleet.sqlite");
        assert!(matches!(fault(open_existing(&path)), FleetFault::NoDatabase));
        assert!(!path.exists());
    }
}
