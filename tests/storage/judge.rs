//! The judgement on one state of a device's files, by the readers that applications and the agent use.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use bundle::Sha256;
use device_agent::linux::export::{ExportSet, Local, publish};
use store::{Condition, Floors, Reader, Record, Region, file::ReadOnlyFile};
use system_tests::{
    persistence::tree::{Entry, Tree},
    process::run,
};
use trust_store::{Installed, Location, TrustStore};

use crate::scene::{CHANNEL, exports, store};

/// Mode of exported files.
const FILE_MODE: u32 = 0o644;
/// The link that every exported name leads through.
const CURRENT: &str = "..data";

/// What must be true of a state.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The releases that may be in force, oldest first.
    pub(crate) releases: Vec<u32>,
    /// No floor may be lower.
    pub(crate) floors: Floors,
    /// Whether the store must hold something: it did before, or it was said that it does.
    pub(crate) has_store: bool,
    /// Whether there must be exports.
    pub(crate) has_exports: bool,
    /// The exports that may be seen.
    pub(crate) shown: Vec<Tree>,
}

/// What is wrong.
pub(crate) type Complaint = String;

/// The store's journal; nothing where there is no file yet.
pub(crate) fn journal(folder: &Path) -> Result<Option<(Condition, Record)>, Complaint> {
    let file = match ReadOnlyFile::open(&store(folder)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the store cannot be opened: {error}")),
    };
    let region = Region::new(0, trust_store::DEFAULT_REGION_BYTES).map_err(|error| error.to_string())?;
    let mut reader = Reader::new(file, region);
    let mut bytes = vec![0; usize::try_from(reader.slot_bytes()).unwrap_or(0)];
    let snapshot = reader.read(&mut bytes).map_err(|error| format!("the store cannot be read: {error}"))?;
    Ok(Some((snapshot.condition, snapshot.record)))
}

/// The exports that are shown; `None` where there are none.
pub(crate) fn shown(folder: &Path) -> Result<Option<Tree>, Complaint> {
    let path = exports(folder).join(CURRENT);
    match fs::symlink_metadata(&path) {
        Ok(_) => Tree::read(&path).map(Some).map_err(|error| format!("{CURRENT} leads nowhere: {error}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{CURRENT} cannot be read: {error}")),
    }
}

/// What is shown, without the place where it stands: `environment` names that, and `version.json` has its hash. States are
/// judged in other folders than the one that was recorded.
pub(crate) fn placeless(shown: &Tree) -> Tree {
    const NAMES_THE_PLACE: &str = "environment";
    const HAS_HASHES: &str = "version.json";
    let mut tree = shown.clone();
    let (Some(named), Some(version)) = (shown.file(NAMES_THE_PLACE), shown.file(HAS_HASHES)) else {
        return tree;
    };
    let named_text = String::from_utf8_lossy(&named).into_owned();
    let place = named_text.lines().find_map(|line| {
        line.strip_prefix("SSL_CERT_FILE=")?.trim_matches('"').strip_suffix("/whole.pem").map(str::to_owned)
    });
    let Some(place) = place else { return tree };
    let text = named_text.replace(&place, "/trust");
    let hash = |bytes: &[u8]| Sha256::of(&[bytes]).to_string();
    let version = String::from_utf8_lossy(&version).replace(&hash(&named), &hash(text.as_bytes()));
    for (path, content) in [(NAMES_THE_PLACE, text), (HAS_HASHES, version)] {
        if let Some(Entry::File { mode, .. }) = tree.0.get(path) {
            let file = Entry::of_bytes(*mode, content.as_bytes());
            tree.0.insert(path.to_owned(), file);
        }
    }
    tree
}

impl Rule {
    /// Judges the files of a device as applications find them, before any agent has run.
    pub(crate) fn judge(&self, folder: &Path) -> Result<(), Complaint> {
        let record = match journal(folder)? {
            Some((Condition::Ready, record)) => record,
            // A torn first record, or none: nothing was installed yet.
            Some((Condition::Blank | Condition::Lost, record)) if !self.has_store => record,
            None if !self.has_store => Record::default(),
            other => return Err(format!("the store is {:?}", other.map(|(condition, _)| condition))),
        };
        if !record.floors.holds(&self.floors) {
            return Err(format!("floors went back: {:?} below {:?}", record.floors, self.floors));
        }
        let installed = installed(folder)?;
        judge_modes(folder)?;
        let number = installed.order().number;
        if !self.releases.contains(&number) {
            return Err(format!("release {number} is in force, not one of {:?}", self.releases));
        }
        if installed.anchors("hub").is_none_or(|mut anchors| anchors.next().is_none()) {
            return Err(format!("release {number} has no anchor for the service"));
        }
        self.judge_exports(folder, &installed)
    }

    fn judge_exports(&self, folder: &Path, installed: &Installed) -> Result<(), Complaint> {
        let Some(found) = shown(folder)? else {
            return if self.has_exports { Err("there are no exports".to_owned()) } else { Ok(()) };
        };
        if !self.shown.contains(&placeless(&found)) {
            let paths: Vec<&String> = found.0.keys().collect();
            return Err(format!("the exports are of no generation: {paths:?}"));
        }
        let (release, generation) = version(&found)?;
        if release > u64::from(installed.order().number) || generation > installed.generation() {
            let (order, of_store) = (installed.order(), installed.generation());
            return Err(format!(
                "exported is {release}, generation {generation}, in force {order}, generation {of_store}"
            ));
        }
        for name in ExportSet::names() {
            let leads = fs::read_link(exports(folder).join(name)).ok();
            let is_right = leads.as_deref().is_some_and(|target| target == Path::new(CURRENT).join(name));
            if !is_right && (self.has_exports || leads.is_some()) {
                return Err(format!("the name {name} leads to {leads:?}"));
            }
        }
        Ok(())
    }
}

/// Applications of other users reach what is there.
fn judge_modes(folder: &Path) -> Result<(), Complaint> {
    for (path, mode) in [("var", 0o755), ("var/trust", 0o755), ("var/store", FILE_MODE)] {
        let Ok(found) = fs::metadata(folder.join(path)) else { continue };
        // The first bytes of a store come after its mode.
        let found_mode = found.permissions().mode() & 0o777;
        if found_mode != mode && (found.is_dir() || found.len() > 0) {
            return Err(format!("{path} has mode {found_mode:03o}"));
        }
    }
    Ok(())
}

/// The release in force, as an application that links `trust-store` finds it.
pub(crate) fn installed(folder: &Path) -> Result<std::sync::Arc<Installed>, Complaint> {
    let opened = TrustStore::open(Location::of(&store(folder)), Some(&folder.join("seed")));
    Ok(opened.map_err(|error| format!("no bundle: {error}"))?.installed())
}

/// The way `device-agent export` goes before applications start: afterwards the exports are those of what is in force,
/// and nothing is left of what was cut off.
pub(crate) fn export_again(folder: &Path) -> Result<(), Complaint> {
    let installed = installed(folder)?;
    let set = ExportSet::of(&installed, &Local::new(CHANNEL, &exports(folder)))
        .map_err(|error| format!("no exports: {error}"))?;
    let published =
        publish(&exports(folder), &set, FILE_MODE).map_err(|error| format!("not exported: {error}"))?;
    let shown = shown(folder)?.ok_or("nothing is exported")?;
    let is_same = set.files.iter().all(|file| shown.file(&file.path).as_ref() == Some(&file.bytes));
    if !is_same || !published.occupied.is_empty() {
        return Err("the exports are not those of what is in force".to_owned());
    }
    whole(&shown)?;
    left_over(folder)
}

/// The real agent after a restart: it ends with the newest release, proven and exported.
pub(crate) fn run_again(folder: &Path, mut command: Command, newest: &Rule) -> Result<(), Complaint> {
    let ended = run(&mut command, "").map_err(|error| error.to_string())?;
    if ended.status.code() != Some(0) {
        return Err(format!("the next run failed: {ended}"));
    }
    newest.judge(folder).map_err(|complaint| format!("after the next run: {complaint}\n{ended}"))?;
    left_over(folder)
}

/// Nothing that was never finished may pile up.
pub(crate) fn left_over(folder: &Path) -> Result<(), Complaint> {
    let entries = fs::read_dir(exports(folder)).map_err(|error| error.to_string())?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    match names.into_iter().find(|name| name.starts_with("..temporary-")) {
        Some(name) => Err(format!("{name} was left over")),
        None => Ok(()),
    }
}

/// Release and generation that exports say they are.
pub(crate) fn version(exports: &Tree) -> Result<(u64, u64), Complaint> {
    let bytes = exports.file("version.json").ok_or("the exports have no version.json")?;
    let version: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let number = |name: &str| version[name].as_u64().ok_or_else(|| format!("version.json has no {name}"));
    Ok((number("release_number")?, number("generation")?))
}

/// Judges exports by themselves: every file is the one that `version.json` names, and there is no other.
pub(crate) fn whole(exports: &Tree) -> Result<(), Complaint> {
    let bytes = exports.file("version.json").ok_or("the exports have no version.json")?;
    let version: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let files = version["files"].as_object().ok_or("version.json names no files")?;
    for (path, sha256) in files {
        let bytes = exports.file(path).ok_or_else(|| format!("{path} is missing"))?;
        if Some(Sha256::of(&[&bytes]).to_string().as_str()) != sha256.as_str() {
            return Err(format!("{path} is not what version.json says"));
        }
    }
    let is_file = |entry: &&Entry| matches!(entry, Entry::File { .. });
    let count = exports.0.values().filter(is_file).count();
    if count != files.len() + 1 {
        return Err(format!("{count} files, of which version.json names {}", files.len()));
    }
    let is_right = |entry: &Entry| match entry {
        Entry::File { mode, .. } => *mode == FILE_MODE,
        Entry::Folder { mode } => *mode == 0o755,
        Entry::Link(_) => false,
    };
    match exports.0.iter().find(|(_, entry)| !is_right(entry)) {
        Some((path, _)) => Err(format!("{path} has the wrong mode")),
        None => Ok(()),
    }
}
