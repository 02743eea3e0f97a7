//! What every command knows: how to speak, where the repository is, what time it is, what may be done.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use bundle::UnixSeconds;

use crate::{Error, Output, clock};

/// The global flags of one run, resolved.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) output: Output,
    pub(crate) repository_folder: Option<PathBuf>,
    pub(crate) channel: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) yes: bool,
    pub(crate) as_of: Option<UnixSeconds>,
}

impl Context {
    /// How to speak.
    #[must_use]
    pub const fn output(&self) -> Output {
        self.output
    }

    /// `--dry-run`: print the plan, change nothing.
    #[must_use]
    pub const fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// The date of `--as-of`, else the machine's time: what dates are judged by and documents are issued at.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.as_of.unwrap_or_else(clock::now)
    }

    /// The date of `--as-of`, if one was given.
    #[must_use]
    pub const fn as_of(&self) -> Option<UnixSeconds> {
        self.as_of
    }

    /// `--channel`, if it was given.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    /// The folder of `--repo`, else the nearest parent of the working folder that holds `fleet.toml`.
    ///
    /// # Errors
    /// Exit code 2 where there is none.
    pub fn repository_folder(&self) -> Result<PathBuf, Error> {
        self.find_repository()?.ok_or_else(|| {
            Error::usage("no_repository", "no fleet.toml here or in any parent folder").hint(
                "go into the operator's repository, give --repo FOLDER, or make one: cloud-updater init",
            )
        })
    }

    /// As [`Context::repository_folder`], for commands that can also do without one.
    ///
    /// # Errors
    /// Exit code 2 where `--repo` names a folder that is not a repository.
    pub fn find_repository(&self) -> Result<Option<PathBuf>, Error> {
        let is_repository = |folder: &Path| folder.join("fleet.toml").is_file();
        if let Some(folder) = &self.repository_folder {
            if is_repository(folder) {
                return Ok(Some(folder.clone()));
            }
            let error = Error::usage("no_repository", "holds no fleet.toml").file(folder).field("--repo");
            return Err(error.hint("make a repository there with: cloud-updater init FOLDER"));
        }
        let here = std::env::current_dir()
            .map_err(|error| Error::io("find the working folder", Path::new("."), error))?;
        Ok(here.ancestors().find(|folder| is_repository(folder)).map(Path::to_owned))
    }

    /// Asks before something that is hard to undo. `--yes` answers; without a terminal nobody is asked.
    ///
    /// # Errors
    /// Exit code 2 where there is no terminal and no `--yes`, or where the answer is not yes.
    pub fn confirm(&self, question: &str) -> Result<(), Error> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            let error =
                Error::usage("no_terminal", format!("{question} Nobody can be asked: there is no terminal"));
            return Err(error.hint("give --yes where the answer is yes"));
        }
        let io_error = |error| Error::io("ask on", Path::new("the terminal"), error);
        let mut terminal = io::stderr().lock();
        write!(terminal, "{question} [y/N] ").and_then(|()| terminal.flush()).map_err(io_error)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(io_error)?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(Error::usage("declined", "not done: the answer was not yes")),
        }
    }
}
