//! A TLS stack: what it needs on this machine, how its client is built, and how it runs in each row.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// A TLS stack as applications use it.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// Its name for people.
    pub(crate) name: &'static str,
    /// Files of which each must be there, or programs of which each must be in `PATH`; else it is not installed.
    pub(crate) needs: &'static [&'static str],
    /// What makes the client.
    pub(crate) build: Build,
    /// Its rows.
    pub(crate) rows: Vec<Plan>,
    /// Which servers it talks to.
    pub(crate) peers: Peers,
}

/// What makes a client of its source.
#[derive(Clone, Debug)]
pub(crate) enum Build {
    /// It was built with the workspace, or needs no building.
    Ready,
    /// One C source below `clients`, with these packages of pkg-config and libraries.
    C {
        /// The source's folder below `clients`.
        folder: &'static str,
        /// Packages that pkg-config knows, and libraries that it does not.
        libraries: &'static [&'static str],
    },
    /// These commands, in this order.
    Commands {
        /// The folder that they run in, below `clients`.
        folder: &'static str,
        /// Programs and their arguments.
        commands: Vec<Vec<String>>,
    },
}

/// Which servers a client talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peers {
    /// Those of the lab, by the name `localhost`.
    Named,
    /// The same without tickets: wolfSSL 5.5 ends a connection over a ticket whose nonce is longer than 8 bytes, as those
    /// of rustls are.
    WithoutTickets,
    /// MQTT brokers on port 8883 of two addresses of this machine: the port cannot be chosen.
    Brokers,
}

/// One row: how the application runs.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Whether the application knows of us.
    pub(crate) variant: Variant,
    /// What makes an adapted application notice.
    pub(crate) means: Means,
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Further environment.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// What the application sees of the export folder.
    pub(crate) view: View,
}

impl View {
    /// What is said of it behind the stack's name.
    pub(crate) const fn note(self) -> &'static str {
        match self {
            Self::Folder => "",
            Self::MountedFolder => ", folder mounted",
            Self::MountedFile => ", file mounted",
        }
    }
}

/// Whether the application knows of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Variant {
    /// It is set up as its stack's documentation says, with the exported file.
    Untouched,
    /// With a hook, an adapter or a library of ours.
    Adapted,
}

/// What made an application notice a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Means {
    /// The stack reads the file again by itself.
    ReRead,
    /// A library or an adapter follows the store or the exports.
    Library,
    /// The agent tells the application.
    Hook,
    /// Nothing but a new process.
    Restart,
}

/// What an application sees of the export folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// The folder itself.
    Folder,
    /// The folder, mounted at another path in a mount namespace of the application's own, as in a container.
    MountedFolder,
    /// One file of it, mounted so.
    MountedFile,
}

/// Where the things of a device are.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// The export folder.
    pub(crate) folder: PathBuf,
    /// The store.
    pub(crate) store: PathBuf,
    /// The image's seed.
    pub(crate) seed: PathBuf,
}

impl Plan {
    /// An application that sees the export folder itself.
    pub(crate) fn new(variant: Variant, means: Means, command: &[String]) -> Self {
        Self { variant, means, command: command.to_vec(), environment: Vec::new(), view: View::Folder }
    }

    /// The same with a variable of the environment; `{folder}` and `{file}` stand for what the application sees.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// The same with another view of the export folder.
    pub(crate) const fn seeing(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// The name by which the agent's configuration knows the application, where a hook tells it.
    pub(crate) fn hook_name(&self, stack: &str) -> Option<String> {
        let is_told = self.means == Means::Hook && self.variant == Variant::Adapted;
        is_told.then(|| crate::run::plain(stack))
    }
}

impl Device {
    /// The environment that every client gets, for what it sees at `folder`.
    pub(crate) fn environment(&self, folder: &Path) -> [(&'static str, PathBuf); 5] {
        [
            ("TRUST_FOLDER", folder.to_path_buf()),
            ("TRUST_FILE", folder.join("services").join(format!("{SERVICE}.pem"))),
            ("TRUST_STORE", self.store.clone()),
            ("TRUST_SEED", self.seed.clone()),
            ("TRUST_SERVICE", SERVICE.into()),
        ]
    }
}

impl Variant {
    /// The word in tables.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Adapted => "adapted",
        }
    }
}

impl Means {
    /// The word in tables.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::ReRead => "re-read",
            Self::Library => "library",
            Self::Hook => "hook",
            Self::Restart => "restart",
        }
    }
}

/// The service that the applications talk to.
pub(crate) const SERVICE: &str = "hub";
