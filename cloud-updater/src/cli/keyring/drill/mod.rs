//! `keyring drill`: the loss and the theft of every role's keys, rehearsed in a scratch copy that has the same policy
//! and other keys, and looked at by the code that devices run.

mod act;
mod answer;
mod devices;
mod scratch;
mod stand_ins;
mod thief;
mod untouched;

use std::path::{Path, PathBuf};

use bundle::Sha256;
use clap::Args;

use self::act::Replaced;
use self::answer::{Answer, Outcome, Row};
use self::devices::Device;
use self::scratch::Scratch;
use crate::acceptance::device::Site;
use crate::document::{KeyringChain, keyring_content};
use crate::publish::{Archive, Tree, plan_tree};
use crate::repository::{Layout, Repository};
use crate::{Context, Error, Exit};

/// Options of `keyring drill`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Needs nobody's private key: throw-away keys take every place, in a temporary folder.

Exit codes:
  0   every device followed, no thief below a threshold was obeyed
  1   a device would be left behind or deceived, or the keys that are left after a loss would not do
  2   there is no repository, or no keyring in it yet
  3   the repository holds what devices would refuse
  5   a file failed, or the repository changed meanwhile: run it again
  70  a bug of ours")]
pub(in crate::cli) struct DrillArgs {
    /// Keep the scratch copy and its published tree in this new folder outside the repository; its keys are gone all the same
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// A drill on its way.
struct Drill<'a> {
    scratch: Scratch,
    context: &'a Context,
    channels: Vec<String>,
    rows: Vec<Row>,
    /// Why there can be no recovery, where there can be none.
    no_way_back: Option<String>,
}

pub(super) fn run(args: &DrillArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    if let Some(folder) = &args.keep {
        refuse_unfit(folder, repository.folder())?;
    }
    let before = untouched::Fingerprint::of(repository.folder())?;
    let archive = Archive::read(&repository)?;
    let keyring = archive.keyrings().newest()?.order.to_string();
    let mut drill = Drill::begin(&repository, &archive, context)?;
    drill.roles()?;
    drill.recovery()?;
    let after = untouched::Fingerprint::of(repository.folder())?;
    if before != after {
        let error = Error::new(Exit::Io, "repository_changed", "changed while the drill ran");
        return Err(error
            .file(repository.folder())
            .hint("another command worked in it: run the drill again"));
    }
    if let Some(folder) = &args.keep {
        drill.scratch.keep(folder)?;
    }
    let findings = drill.rows.iter().filter(|row| !row.outcome.is_good()).count();
    let answer = Answer {
        keyring,
        repository_sha256: after.sha256.to_string(),
        repository_files: after.files,
        devices: drill.rows.len(),
        findings,
        rows: drill.rows,
    };
    let text = answer.to_string();
    context.output().data("cloud-updater.keyring-drill.1", &answer, text)?;
    Ok(if findings == 0 { Exit::Done } else { Exit::Finding })
}

/// Refuses to keep the copy in a folder that is there already, or inside the repository.
fn refuse_unfit(folder: &Path, repository: &Path) -> Result<(), Error> {
    let refused = |code, message: &str| Error::usage(code, message).file(folder).field("--keep");
    if folder.exists() {
        let error = refused("folder_exists", "stands there already");
        return Err(error.hint("name a folder that is not there yet"));
    }
    let failed = |error| Error::io("find", folder, error);
    let absolute = std::path::absolute(folder).map_err(failed)?;
    // The folder is not there yet; the nearest one above it says where it would be, whatever links lead there.
    let above = absolute.ancestors().find_map(|above| above.canonicalize().ok()).unwrap_or_default();
    if above.starts_with(repository.canonicalize().map_err(failed)?) {
        let error = refused("folder_in_repository", "is inside the repository, which a drill leaves alone");
        return Err(error.hint("name a folder outside of it, beside the repository or in a temporary place"));
    }
    Ok(())
}

impl<'a> Drill<'a> {
    /// Makes the scratch copy, and looks at the repository's own files and at the copy before anything happens.
    fn begin(real: &Repository, archive: &Archive, context: &'a Context) -> Result<Self, Error> {
        context.output().progress("copying the repository, with throw-away keys");
        let scratch = Scratch::of(real, context.now())?;
        let own = tempfile::tempdir()
            .map_err(|error| Error::io("make a folder in", &std::env::temp_dir(), error))?;
        let files = Tree::of(archive, real.fleet().publish.updates_kept, None)?;
        plan_tree(&files, own.path(), false)?.execute()?;
        let rows = devices::rows_of_real_files(archive, own.path(), context.now())?;
        act::begin(&scratch)?;
        let channels = act::channels(&scratch)?;
        let no_way_back = no_way_back(archive, &scratch)?;
        let mut drill = Self { scratch, context, channels, rows, no_way_back };
        drill.look("the copy, before the drill", &[])?;
        Ok(drill)
    }

    /// Every role: a thief with too little, one with enough, one lost key, all keys replaced.
    fn roles(&mut self) -> Result<(), Error> {
        let is_lost = self.no_way_back.is_some();
        for role in act::roles(&self.scratch)?.into_iter().filter(|role| !(is_lost && *role == "recovery")) {
            self.context.output().progress(format_args!("the {role} role"));
            self.thieves(role)?;
            for replaced in [Replaced::LostOne, Replaced::All] {
                let step = match replaced {
                    Replaced::LostOne => format!("one key of the {role} role is lost"),
                    Replaced::All => format!("all keys of the {role} role are replaced"),
                };
                match act::rotate(&mut self.scratch, role, replaced) {
                    Ok(()) => self.look(&step, &[])?,
                    Err(error) if error.exit() == Exit::Signatures => {
                        self.not_possible(&step, error.to_string());
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn thieves(&mut self, role: &'static str) -> Result<(), Error> {
        let Some(threshold) = self.threshold(role)? else { return Ok(()) };
        let step = format!("keys of the {role} role are stolen");
        for stolen in [threshold.saturating_sub(1), threshold] {
            let channels = self.channels.clone();
            let folder = self.scratch.tree();
            let site = Site { folder: &folder, channels: &channels, now: self.context.now() };
            let Some(theft) = thief::try_theft(&self.scratch, &site, role, stolen)? else { continue };
            let outcome = match (stolen < threshold, theft.is_followed) {
                (true, false) => Outcome::Refuses,
                (true, true) => Outcome::Deceived,
                (false, true) => Outcome::Obeys,
                (false, false) => {
                    return Err(Error::bug(format!("a theft of the {role} role's threshold failed")));
                }
            };
            let detail = match outcome {
                Outcome::Obeys => "as it must: whoever has the threshold is the role".to_owned(),
                _ => theft.refused,
            };
            let device = format!("up to date; the thief has {stolen} of {threshold}");
            self.rows.push(Row { step: step.clone(), device, outcome, detail });
        }
        Ok(())
    }

    /// The threshold is stolen, and the recovery set answers.
    fn recovery(&mut self) -> Result<(), Error> {
        if let Some(detail) = self.no_way_back.clone() {
            self.not_possible("recovery", detail);
            return Ok(());
        }
        self.context.output().progress("recovery");
        let folder = self.scratch.tree();
        let channels = self.channels.clone();
        let site = Site { folder: &folder, channels: &channels, now: self.context.now() };
        let threshold = self.threshold("keyring")?.unwrap_or_default();
        let theft = thief::try_theft(&self.scratch, &site, "keyring", threshold)?;
        act::recover(&mut self.scratch)?;
        let strayed = theft
            .and_then(|theft| theft.keyring)
            .map(|keyring| Device { name: "followed the thief's keyring before".to_owned(), keyring });
        self.look("the recovery set opens the next epoch", strayed.as_slice())
    }

    /// How many keys act for a role; `None` where there is no such role, or its keys are not known.
    fn threshold(&self, role: &str) -> Result<Option<usize>, Error> {
        let archive = Archive::read(&self.scratch.repository()?)?;
        let content = keyring_content(&archive.keyrings().newest()?.document)?;
        let threshold = match role {
            "keyring" => Some(content.keyring.threshold),
            "release" => Some(content.release.threshold),
            "head" => Some(content.head.threshold),
            "recovery" => self.scratch.recovery_set(content.recovery_commitment)?.map(|set| set.threshold),
            _ => None,
        };
        Ok(threshold.map(usize::from))
    }

    /// Looks at what is published now, as every device.
    fn look(&mut self, step: &str, more: &[Device]) -> Result<(), Error> {
        let chain = KeyringChain::read(self.scratch.repository()?.layout())?;
        let mut devices = devices::of_generations(chain.generations());
        devices.extend_from_slice(more);
        let (folder, channels) = (self.scratch.tree(), self.channels.clone());
        let site = Site { folder: &folder, channels: &channels, now: self.context.now() };
        self.rows.extend(devices::rows(step, &self.scratch, &site, &devices)?);
        Ok(())
    }

    fn not_possible(&mut self, step: &str, detail: String) {
        let device = "all".to_owned();
        self.rows.push(Row { step: step.to_owned(), device, outcome: Outcome::NotPossible, detail });
    }
}

/// Why the keyring in force cannot be recovered, in words; `None` where it can.
fn no_way_back(archive: &Archive, scratch: &Scratch) -> Result<Option<String>, Error> {
    let commitment = archive.keyrings().newest()?.keyring()?.recovery_commitment();
    if scratch.lost_sets.contains(&commitment) {
        let path = Layout::new(PathBuf::new()).recovery_set(commitment);
        return Ok(Some(format!("{} is not there: nobody can recover until it is found", path.display())));
    }
    let detail = "there is no recovery set: a stolen threshold, or too many lost keys, ends the fleet";
    Ok((commitment == Sha256([0; 32])).then(|| detail.to_owned()))
}
