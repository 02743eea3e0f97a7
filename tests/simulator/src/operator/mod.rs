//! The operator at work: every act of a scenario, done with the real `cloud-updater` on files, at the scenario's time.

mod desk;
mod keys;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use bundle::Sha256;

pub(crate) use keys::pkcs8;
pub use keys::{Holder, secret};

use crate::{
    Error,
    history::History,
    pki::Pki,
    scenario::{Act, Role, Scenario, milliseconds},
};
use desk::Desk;

/// The channel that the fleet follows.
pub const CHANNEL: &str = "prod";
/// The other channel of the same keyring.
pub const STAGING: &str = "staging";

/// Where the publisher is, and where its histories are kept.
#[derive(Clone, Debug)]
pub struct Publisher {
    program: PathBuf,
    kept: Option<Kept>,
}

/// Histories that were made before; they are made anew where anything that led to them has changed.
#[derive(Clone, Debug)]
struct Kept {
    folder: PathBuf,
    /// SHA-256 of the publisher and of what drives it.
    made_by: Sha256,
}

/// Everything that drives the publisher.
const DRIVERS: [&[u8]; 4] = [
    include_bytes!("mod.rs"),
    include_bytes!("desk.rs"),
    include_bytes!("keys.rs"),
    include_bytes!("../pki.rs"),
];

impl Publisher {
    /// The program `cloud-updater`, and a folder for histories, which are otherwise made every time.
    ///
    /// # Errors
    /// The program cannot be read.
    pub fn new(program: PathBuf, folder: Option<PathBuf>) -> Result<Self, Error> {
        let Some(folder) = folder else { return Ok(Self { program, kept: None }) };
        let bytes = fs::read(&program).map_err(Error::file(&program))?;
        let parts: Vec<&[u8]> = std::iter::once(bytes.as_slice()).chain(DRIVERS).collect();
        let kept = Kept { folder, made_by: Sha256::of(&parts) };
        Ok(Self { program, kept: Some(kept) })
    }

    /// What the operator publishes in this scenario.
    ///
    /// # Errors
    /// The publisher refuses an act, or its files cannot be read.
    pub fn history(&self, scenario: &Scenario, pki: &Pki) -> Result<History, Error> {
        let Some(kept) = &self.kept else { return publish(&self.program, scenario, pki) };
        let path = kept.folder.join(kept.name(scenario));
        let made = fs::read(&path).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok());
        if let Some(history) = made {
            return Ok(history);
        }
        let history = publish(&self.program, scenario, pki)?;
        keep(&kept.folder, &path, &history)?;
        Ok(history)
    }
}

impl Kept {
    /// A name for what leads to a history: the publisher, and all that the operator does.
    fn name(&self, scenario: &Scenario) -> String {
        let plan = format!(
            "{:?} {} {} {:?} {:?}",
            scenario.start, scenario.hours, scenario.head_hours, scenario.services, scenario.acts
        );
        format!("{}.history", Sha256::of(&[&self.made_by.0, plan.as_bytes()]))
    }
}

/// Keeps a history whole or not at all: runs beside this one may do the same.
fn keep(folder: &Path, path: &Path, history: &History) -> Result<(), Error> {
    let bytes = postcard::to_allocvec(history)
        .map_err(|error| Error::File { path: path.into(), source: std::io::Error::other(error) })?;
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::file(folder))?;
    std::io::Write::write_all(&mut file, &bytes).map_err(Error::file(path))?;
    file.persist(path).map_err(|error| Error::file(path)(error.error))?;
    Ok(())
}

/// What is done at one moment.
enum Moment<'s> {
    Act(&'s Act),
    /// The daily head.
    Head,
}

/// The moments of a scenario, in order: every act, and a head whenever none was signed for long.
fn moments(scenario: &Scenario) -> Vec<(f64, Moment<'_>)> {
    let mut moments: Vec<(f64, Moment<'_>)> = Vec::new();
    let mut signed = 0.0;
    for act in &scenario.acts {
        while signed + scenario.head_hours < act.hours {
            signed += scenario.head_hours;
            moments.push((signed, Moment::Head));
        }
        moments.push((act.hours, Moment::Act(act)));
        signed = act.hours;
    }
    while signed + scenario.head_hours < scenario.hours {
        signed += scenario.head_hours;
        moments.push((signed, Moment::Head));
    }
    moments
}

fn publish(program: &Path, scenario: &Scenario, pki: &Pki) -> Result<History, Error> {
    let folder = tempfile::tempdir().map_err(Error::file("a temporary folder"))?;
    let mut office = Office {
        desk: Desk::new(program, folder.path(), scenario.start())?,
        pki,
        staged: 0,
        released: 0,
        keyrings: 0,
        generation: 0,
        roots: BTreeSet::new(),
    };
    office.open(scenario)?;
    let mut history = History::default();
    for (hours, moment) in moments(scenario) {
        office.desk.hours = hours;
        match moment {
            Moment::Act(act) => office.act(act)?,
            Moment::Head => office.sign_heads()?,
        }
        history.note(milliseconds(hours), office.desk.tree()?);
        if history.seed.is_empty() {
            history.seed = office.desk.seed()?;
        }
    }
    Ok(history)
}

/// The operator: the desk, and what was done so far.
struct Office<'p> {
    desk: Desk,
    pki: &'p Pki,
    /// Releases of the staging channel.
    staged: u32,
    /// Releases of the fleet's channel.
    released: u32,
    /// Generations of the keyring.
    keyrings: u32,
    /// How often the people's and recovery keys were replaced.
    generation: u32,
    /// Anchors of the repository.
    roots: BTreeSet<String>,
}

impl Office<'_> {
    /// Repository, keys, roles, services and the first keyring.
    fn open(&mut self, scenario: &Scenario) -> Result<(), Error> {
        self.desk.open(&[STAGING, CHANNEL])?;
        let mut services = String::new();
        for service in &scenario.services {
            services.push_str(&format!(
                "[services.{}]\nhosts = [\"{}:{}\"]\nanchors = \"all\"\nprobe = {}\n",
                service.name, service.host, service.port, service.probe
            ));
        }
        self.desk.write("services.toml", &services)?;
        self.desk.assign(&Holder::all(0))?;
        self.keyring(&["keyring", "draft"], &Holder::signers(0))
    }

    fn act(&mut self, act: &Act) -> Result<(), Error> {
        if let Some(role) = act.rotate {
            self.rotate(role)?;
        }
        if act.recover {
            self.recover()?;
        }
        for root in &act.add {
            self.add(root)?;
        }
        for root in &act.remove {
            self.desk.run(&["anchor", "remove", root, "--reason", "every service has left it", "--yes"])?;
            self.roots.remove(root);
        }
        for root in &act.distrust {
            let words =
                ["anchor", "distrust", root, "--deny", "both", "--order", "--reason", "its key was stolen"];
            self.desk.run(&words)?;
        }
        if act.staging {
            self.staged += 1;
            self.draft(STAGING, self.staged, None)?;
            self.desk.run(&["--channel", STAGING, "publish"])?;
        }
        if act.releases() {
            self.released += 1;
            self.draft(CHANNEL, self.released, act.rollback_to)?;
            self.desk.run(&["--channel", CHANNEL, "publish"])?;
        }
        self.sign_heads()?;
        self.share(act)
    }

    /// Says what share of the fleet gets the release.
    fn share(&mut self, act: &Act) -> Result<(), Error> {
        let share = match act.share {
            Some(share) => share,
            None if act.releases() => 100.0,
            None => return Ok(()),
        };
        let (share, key) = (format!("{share}%"), self.desk.key(&Holder::head(self.heads())));
        self.desk.run(&["--channel", CHANNEL, "rollout", "set", "--share", &share, "--head-key", &key])?;
        Ok(())
    }

    fn add(&mut self, root: &str) -> Result<(), Error> {
        let certificate = self.pki.root(root).ok_or_else(|| Error::Published {
            path: root.to_owned(),
            fault: "is no root of the scenario".to_owned(),
        })?;
        let file = self.desk.place(&format!("{root}.der"), certificate)?;
        self.desk.run(&["anchor", "add", &file, "--name", root, "--reason", "a service moves to it"])?;
        self.roots.insert(root.to_owned());
        Ok(())
    }

    fn draft(&mut self, channel: &str, number: u32, rollback: Option<u32>) -> Result<(), Error> {
        let back = rollback.map(|number| number.to_string());
        let mut words = vec!["--channel", channel, "draft", "--reason", "as the scenario has it"];
        words.extend(back.iter().flat_map(|number| ["--rollback-to", number]));
        self.desk.run(&words)?;
        let draft = format!("channels/{channel}/drafts/{number}.draft");
        self.desk.sign(&draft, &Holder::signers(self.generation))
    }

    /// Signs a head for every channel that has a release.
    fn sign_heads(&mut self) -> Result<(), Error> {
        let key = self.desk.key(&Holder::head(self.heads()));
        for (channel, releases) in [(CHANNEL, self.released), (STAGING, self.staged)] {
            if releases > 0 {
                self.desk.run(&["--channel", channel, "head", "sign", "--head-key", &key])?;
            }
        }
        Ok(())
    }

    /// Every role change replaces the head keys too, so the generation of the keyring names them.
    const fn heads(&self) -> u32 {
        self.keyrings.saturating_sub(1)
    }

    fn rotate(&mut self, role: Role) -> Result<(), Error> {
        let old = self.generation;
        if role == Role::People {
            self.generation += 1;
        }
        let holders = Holder::assigned(self.generation, self.keyrings, old);
        self.desk.assign(&holders)?;
        let mut signers = Holder::signers(old);
        signers.extend(Holder::signers(self.generation));
        signers.dedup();
        let floor = format!("{CHANNEL}:head=1");
        self.keyring(&["keyring", "draft", "--floor", &floor], &signers)?;
        if role == Role::People && self.released > 0 {
            // What devices are to install must verify under the newest keyring.
            let release = format!("channels/{CHANNEL}/release/{}", self.released);
            self.desk.sign(&release, &Holder::signers(self.generation))?;
        }
        self.desk.run(&["--channel", CHANNEL, "publish"]).map(drop)
    }

    fn recover(&mut self) -> Result<(), Error> {
        let old = self.generation;
        self.generation += 1;
        self.desk.assign(&Holder::all_from(self.generation, self.keyrings))?;
        let mut signers = Holder::recoverers(old);
        signers.extend(Holder::signers(self.generation));
        self.keyring(&["keyring", "recover"], &signers)
    }

    /// Drafts a keyring, has it signed, publishes it.
    fn keyring(&mut self, words: &[&str], signers: &[Holder]) -> Result<(), Error> {
        self.keyrings += 1;
        let words = [words, &["--reason", "as the scenario has it"]].concat();
        self.desk.run(&words)?;
        self.desk.sign(&format!("keyring/drafts/{}.draft", self.keyrings), signers)?;
        self.desk.run(&["publish"]).map(drop)
    }
}

/// The files of a folder and all below it, by path.
fn files(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = entry.map_err(Error::file(folder))?.path();
        if path.is_dir() {
            files(root, &path, found)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            let bytes = fs::read(&path).map_err(Error::file(&path))?;
            found.insert(name.to_string_lossy().into_owned(), bytes);
        }
    }
    Ok(())
}
