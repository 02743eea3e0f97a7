//! Rounds on a real file system, in a mount namespace of their own, so that no mount outlives them.

use std::{env, io, process::Command, thread};

use system_tests::process::run;

use crate::{
    ext4::{self, Ext4},
    figures::Figures,
    killed::{End, rounds},
    output,
    work::Tally,
};

/// Rounds in which the agent is killed.
const KILLS: u64 = 120;
/// Rounds in which the file system is cut off.
const CUTS: u64 = 60;
/// Within so many cuts an agent without `fsync` must have lost something.
const UNSYNCED_MAX: u64 = 40;

/// Starts this part as a program of its own, where mounts can be made in private.
///
/// # Errors
/// It cannot be started, or does not answer.
pub(crate) fn apart() -> io::Result<Figures> {
    let program = env::current_exe()?;
    let mut alone = Command::new("unshare");
    alone.args(["--mount", "--propagation", "private"]).arg(&program).arg("real");
    let ended = match run(&mut alone, "") {
        Ok(ended) if !ended.output.is_empty() => ended,
        // Not root, or a container without the right: the part finds out by itself what it cannot do.
        _ => run(Command::new(&program).arg("real"), "")?,
    };
    serde_json::from_str(&ended.output).map_err(|error| io::Error::other(format!("{error}: {ended}")))
}

/// Runs the part in this process, and writes its figures.
///
/// # Errors
/// No device can be set up.
pub(crate) fn here() -> io::Result<bool> {
    let mut figures = Figures::default();
    let mount = || Ext4::new().map_err(|error| format!("ext4 in a loop device: {error}"));
    let (kills, cuts) = match (mount(), mount()) {
        (Ok(one), Ok(other)) => {
            figures.kills_on = "ext4".to_owned();
            let kills = tempfile::tempdir_in(one.path())?;
            let both = thread::scope(|scope| {
                let cuts = scope.spawn(|| rounds(End::Cut(other), CUTS, None));
                let kills = rounds(End::Kill(kills), KILLS, None);
                (kills, cuts.join().unwrap_or_else(|_| Err(io::Error::other("a round panicked"))))
            });
            drop(one);
            (both.0?, both.1?)
        }
        (Err(why), _) | (_, Err(why)) => {
            figures.not_run.push(format!("power cuts on a real file system ({why})"));
            let folder = tempfile::tempdir()?;
            figures.kills_on = format!("{}, this machine's own", ext4::name(folder.path())?);
            (rounds(End::Kill(folder), KILLS, None)?, Tally::default())
        }
    };
    (figures.kills, figures.kills_lost) = (kills.cases, kills.lost);
    (figures.ext4_cuts, figures.ext4_cuts_lost) = (cuts.cases, cuts.lost);
    figures.complaints = [kills.complaints, cuts.complaints].concat();
    if cuts.cases > 0 {
        let unsynced = rounds(End::CutUnsynced(Ext4::new()?), UNSYNCED_MAX, Some(1))?;
        figures.ext4_cuts_until_loss_unsynced = unsynced.cases;
        if unsynced.lost == 0 {
            let text = "an agent whose fsync is skipped lost nothing: the cuts on ext4 show nothing";
            figures.complaints.push(text.to_owned());
        }
    }
    output::object(&figures)?;
    Ok(figures.complaints.is_empty())
}
