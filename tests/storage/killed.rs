//! The real agent on a real file system, killed or cut off from its medium at any moment, while releases change.

use std::{
    fs, io,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use store::Floors;
use system_tests::{persistence::states::dice, process::run};

use crate::{
    ext4::Ext4,
    judge::{self, Rule},
    scene::{self, Scene},
    work::{Tally, device, text},
};

/// After so many rounds the agent may run to its end.
const REST_ROUNDS: u64 = 6;
/// Moments in which a run may end, of its length: some runs shall come to their end.
const MOMENTS: usize = 1_000;

/// What ends a run.
pub(crate) enum End {
    /// `kill -9`, on the file system that this folder is on.
    Kill(tempfile::TempDir),
    /// A power cut.
    Cut(Ext4),
    /// A power cut, and every `fsync` of the agent is skipped, to see that this is noticed.
    CutUnsynced(Ext4),
}

impl End {
    /// Runs are ended within this many times the usual length of one: some come to their end. Under `strace` they take
    /// longer, and what was not synced is surely lost behind a run that has ended.
    const fn span(&self) -> f64 {
        match self {
            Self::Kill(_) | Self::Cut(_) => 1.1,
            Self::CutUnsynced(_) => 6.0,
        }
    }
}

/// A device on its way, and what was seen of it before.
struct Walk {
    scene: Scene,
    end: End,
    newest: u32,
    /// The release that was there for certain, and floors and generation that were seen.
    least: u32,
    floors: Floors,
    usual: Duration,
    /// Rounds that were ended early and left the release before, and those that left the new one.
    found: [u64; 2],
}

/// Rounds of one kind, until `enough` are lost.
pub(crate) fn rounds(end: End, rounds: u64, enough: Option<u64>) -> io::Result<Tally> {
    let mut walk = Walk::new(end)?;
    let mut tally = Tally::default();
    for round in 0..rounds {
        let result = walk.round(round);
        // A device that was lost cannot be followed any further.
        let is_lost = result.is_err();
        tally.count(result);
        if is_lost && enough.is_none_or(|enough| tally.lost >= enough) {
            break;
        }
    }
    // Moments that never meet a run in the middle show nothing.
    if enough.is_none() && tally.lost == 0 && walk.found.contains(&0) {
        tally.count(Err(format!(
            "old and new release were found {:?} times after a run that was ended",
            walk.found
        )));
    }
    Ok(tally)
}

impl Walk {
    fn new(end: End) -> io::Result<Self> {
        let scene = Scene::new()?;
        let mut walk = Self {
            scene,
            end,
            newest: 1,
            least: 1,
            floors: Floors::default(),
            usual: Duration::default(),
            found: [0; 2],
        };
        walk.newest = walk.scene.publish(&[0, 1], &[]);
        let folder = device(&walk.place())?;
        walk.scene.provision(&folder)?;
        sync(&folder)?;
        // The first run is slow: it fills caches.
        walk.rest(&folder)?;
        walk.newest = walk.scene.publish(&[0, 1, 2], &[]);
        let started = Instant::now();
        walk.rest(&folder)?;
        walk.usual = started.elapsed();
        Ok(walk)
    }

    fn place(&self) -> std::path::PathBuf {
        match &self.end {
            End::Kill(folder) => folder.path().to_owned(),
            End::Cut(ext4) | End::CutUnsynced(ext4) => ext4.path(),
        }
    }

    /// One release more, one run that is ended, and what is found then.
    fn round(&mut self, round: u64) -> Result<(), String> {
        let roots: &[usize] = if round.is_multiple_of(2) { &[0, 1] } else { &[0, 1, 2] };
        self.newest = self.scene.publish(roots, &[]);
        let folder = device(&self.place()).map_err(text)?;
        let moment = dice(round, MOMENTS);
        let seconds =
            self.usual.as_secs_f64() * self.end.span() * f64::from(u16::try_from(moment).unwrap_or(0))
                / f64::from(u16::try_from(MOMENTS).unwrap_or(1));
        let command = scene::cycle(&folder).map_err(text)?;
        let ended = self.run(&command, seconds).map_err(text)?;
        let named = |complaint: String| format!("round {round}, ended after {seconds:.4} s: {complaint}");
        if ended == Some(0) {
            self.least = self.newest;
        }
        self.look(&folder).map_err(named)?;
        if ended.is_none() {
            let is_new = judge::installed(&folder)?.order().number == self.newest;
            let [old, new] = &mut self.found;
            *(if is_new { new } else { old }) += 1;
        }
        if round % REST_ROUNDS == REST_ROUNDS - 1 {
            self.rest(&folder).map_err(|error| named(error.to_string()))?;
        }
        Ok(())
    }

    /// The exit code, where the run came to its end before it was ended.
    fn run(&mut self, command: &Command, seconds: f64) -> io::Result<Option<i32>> {
        match &mut self.end {
            End::Kill(_) => {
                let mut killer = Command::new("timeout");
                killer.args(["--signal=KILL", &seconds.max(0.000_1).to_string()]);
                let ended = run(killer.arg(command.get_program()).args(command.get_args()), "")?;
                Ok(ended.status.code().filter(|code| *code != 137))
            }
            End::Cut(ext4) => ext4.cut(command, seconds),
            End::CutUnsynced(ext4) => {
                let mut skipping = Command::new("strace");
                skipping.args(["-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]);
                skipping.args(["-e", "inject=fsync,fdatasync:retval=0"]);
                skipping.arg(command.get_program()).args(command.get_args());
                ext4.cut(&skipping, seconds)
            }
        }
    }

    /// What applications find: one whole bundle and whole exports, neither older than what was there before.
    fn look(&mut self, folder: &Path) -> Result<(), String> {
        let shown = judge::shown(folder)?.ok_or("there are no exports")?;
        judge::whole(&shown)?;
        let rule = Rule {
            releases: (self.least..=self.newest).collect(),
            floors: self.floors,
            has_store: true,
            has_exports: true,
            shown: vec![judge::placeless(&shown)],
        };
        rule.judge(folder)?;
        let (release, _) = judge::version(&shown)?;
        if release < u64::from(self.least) {
            return Err(format!("release {release} is exported, and {} was", self.least));
        }
        self.least = self.least.max(u32::try_from(release).unwrap_or(0));
        if let Some((_, record)) = judge::journal(folder)? {
            self.floors = record.floors;
        }
        Ok(())
    }

    /// A run to its end: it ends with the newest release, and nothing is left over.
    fn rest(&mut self, folder: &Path) -> io::Result<()> {
        run(&mut scene::cycle(folder)?, "")?.success()?;
        self.least = self.newest;
        self.look(folder).map_err(io::Error::other)?;
        judge::left_over(folder).map_err(io::Error::other)
    }
}

/// What the image brings along was there before the device was first switched on.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::File::open(entry?.path())?.sync_all()?;
    }
    fs::File::open(folder)?.sync_all()?;
    folder.parent().map_or(Ok(()), |above| fs::File::open(above)?.sync_all())
}
