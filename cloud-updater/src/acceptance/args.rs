//! The options of `verify`.

use std::path::PathBuf;

use clap::Args;

/// Earlier releases whose updates are tried where the published files cannot be listed.
const UPDATES_DEFAULT: u32 = 4;

/// Options of `cloud-updater verify`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct VerifyArgs {
    /// What to verify: a published file, a seed, a USB file, a published folder, or the URL of a published tree
    #[arg(value_name = "FILE|DIR|URL")]
    pub target: String,

    /// The keyring that a device would start from: a keyring file or a seed [default: the repository's first]
    #[arg(long, visible_alias = "seed", value_name = "FILE", env = "CLOUD_UPDATER_KEYRING")]
    pub keyring: Option<PathBuf>,

    /// For an update file: the release file that it starts from [default: the one published beside it]
    #[arg(long, value_name = "FILE")]
    pub base: Option<PathBuf>,

    /// For a URL: trust only these certificates (PEM) for TLS [default: the machine's]
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_CA")]
    pub ca: Option<PathBuf>,

    /// For a URL: how many earlier releases to try updates from
    #[arg(long, value_name = "COUNT", default_value_t = UPDATES_DEFAULT)]
    pub updates: u32,

    /// Say in words what the documents mean
    #[arg(long)]
    pub explain: bool,
}

/// Printed under `verify --help`.
const EXIT_CODES: &str = "Exit codes:
  0  verified
  1  verified, with a finding: a stale head, a missing pack, a file that does not belong
  2  the command line or the configuration cannot be used
  3  malformed, damaged or missing content
  4  signatures are wrong or too few, or nothing was verified because there is no keyring
  5  something could not be read or reached; a retry is safe";
