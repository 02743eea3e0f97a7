//! The options of `serve`: as typed, and what they mean.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::error::ServeError;
use super::limits::{CONNECTIONS_DEFAULT, POLL_MILLISECONDS_DEFAULT, TREE_MEBIBYTES_DEFAULT};

/// Where plain HTTP is served when nothing else is asked for: this machine alone.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);

/// Options of `cloud-updater serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// The published folder [default: publish.folder of the repository's fleet.toml]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,

    /// Serve the tree over plain HTTP at this address [default: 127.0.0.1:8480, unless --listen-tls is given]
    #[arg(long, value_name = "ADDRESS:PORT", env = "CLOUD_UPDATER_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Serve the tree over TLS at this address; needs --cert and --key
    #[arg(long, value_name = "ADDRESS:PORT", env = "CLOUD_UPDATER_LISTEN_TLS")]
    pub listen_tls: Option<SocketAddr>,

    /// Certificate chain of the TLS listeners, PEM, the server's own first
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_CERT")]
    pub cert: Option<PathBuf>,

    /// Private key of the TLS listeners, PEM; must not be readable by everybody
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_KEY")]
    pub key: Option<PathBuf>,

    /// Take devices' reports at /report, on the tree's listeners
    #[arg(long)]
    pub reports: bool,

    /// Take devices' reports on a listener of their own, plain HTTP (behind a proxy that speaks TLS)
    #[arg(long, value_name = "ADDRESS:PORT", env = "CLOUD_UPDATER_REPORT_LISTEN")]
    pub report_listen: Option<SocketAddr>,

    /// Take devices' reports on a listener of their own, over TLS
    #[arg(long, value_name = "ADDRESS:PORT", env = "CLOUD_UPDATER_REPORT_LISTEN_TLS")]
    pub report_listen_tls: Option<SocketAddr>,

    /// Where reports are stored [default: fleet.sqlite in the repository]
    #[arg(long, value_name = "FILE", env = "CLOUD_UPDATER_DATABASE")]
    pub database: Option<PathBuf>,

    /// Write a line for each request to standard error: METHOD PATH STATUS BYTES
    #[arg(long)]
    pub log: bool,

    /// Milliseconds between two looks at the folder; a large one is looked at less often
    #[arg(long, value_name = "COUNT", default_value_t = POLL_MILLISECONDS_DEFAULT,
          value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub poll_milliseconds: u64,

    /// Most memory that file bodies may take, in MiB
    #[arg(long, value_name = "MIB", default_value_t = TREE_MEBIBYTES_DEFAULT,
          value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub memory_mebibytes: u64,

    /// Most connections open at once
    #[arg(long, value_name = "COUNT", default_value_t = CONNECTIONS_DEFAULT)]
    pub connections: usize,
}

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: SocketAddr,
    pub(super) tls: bool,
    pub(super) tree: bool,
    pub(super) reports: bool,
}

/// The options' meaning, checked.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) folder: PathBuf,
    pub(super) bytes_max: u64,
    pub(super) places: Vec<Place>,
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) database: Option<PathBuf>,
    pub(super) log: bool,
    pub(super) poll: Duration,
    pub(super) connections: usize,
}

impl Options {
    /// Checks `args`; `database` is where reports go when the arguments do not say.
    pub(super) fn new(
        args: ServeArgs,
        folder: PathBuf,
        database: Option<PathBuf>,
    ) -> Result<Self, ServeError> {
        let own = [(args.report_listen, false), (args.report_listen_tls, true)];
        let own_reports = own.iter().any(|(address, _)| address.is_some());
        let on_tree = args.reports && !own_reports;
        let plain = args.listen.or_else(|| args.listen_tls.is_none().then_some(LISTEN_DEFAULT));
        let mut places = Vec::new();
        for (address, tls) in [(plain, false), (args.listen_tls, true)] {
            places.extend(address.map(|address| Place { address, tls, tree: true, reports: on_tree }));
        }
        for (address, tls) in own {
            places.extend(address.map(|address| Place { address, tls, tree: false, reports: true }));
        }
        let speaks_tls = places.iter().any(|place| place.tls);
        if !speaks_tls && (args.cert.is_some() || args.key.is_some()) {
            return Err(ServeError::Options("--cert and --key are for --listen-tls and --report-listen-tls"));
        }
        let identity = args.cert.zip(args.key);
        if speaks_tls && identity.is_none() {
            return Err(ServeError::Options("--listen-tls and --report-listen-tls need --cert and --key"));
        }
        let database = if places.iter().any(|place| place.reports) {
            let missing =
                ServeError::Options("reports need --database, or a repository to keep fleet.sqlite in");
            Some(args.database.or(database).ok_or(missing)?)
        } else if args.database.is_some() {
            return Err(ServeError::Options("--database is for reports: add --reports or --report-listen"));
        } else {
            None
        };
        if args.connections == 0 {
            return Err(ServeError::Options("--connections 0 would serve nobody"));
        }
        Ok(Self {
            folder,
            bytes_max: args.memory_mebibytes << 20,
            places,
            identity,
            database,
            log: args.log,
            poll: Duration::from_millis(args.poll_milliseconds),
            connections: args.connections,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn options(line: &str) -> Result<Options, ServeError> {
        let words = std::iter::once("serve").chain(line.split_whitespace());
        Options::new(Line::parse_from(words).args, PathBuf::from("public"), None)
    }

    #[test]
    fn without_options_only_this_machine_is_served_and_no_report_taken() {
        let options = options("").unwrap();
        assert_eq!(options.places.len(), 1);
        assert!(options.places[0].address.ip().is_loopback());
        assert!(!options.places[0].reports && options.database.is_none());
    }

    #[test]
    fn asking_for_tls_alone_opens_no_plain_listener() {
        let options = options("--listen-tls 127.0.0.1:0 --cert c --key k").unwrap();
        assert!(options.places.iter().all(|place| place.tls));
        let both = self::options("--listen 127.0.0.1:0 --listen-tls 127.0.0.1:0 --cert c --key k").unwrap();
        assert_eq!(both.places.len(), 2);
    }

    #[test]
    fn a_report_listener_takes_the_reports_off_the_tree() {
        let options = options("--reports --report-listen 127.0.0.1:0 --database f.sqlite").unwrap();
        let [tree, reports] = options.places.as_slice() else { panic!("two listeners") };
        assert!(tree.tree && !tree.reports);
        assert!(!reports.tree && reports.reports);
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        let lines = [
            "--listen-tls 127.0.0.1:0",
            "--listen-tls 127.0.0.1:0 --cert c",
            "--cert c --key k",
            "--reports",
            "--database f",
            "--connections 0",
        ];
        for line in lines {
            assert!(matches!(options(line), Err(ServeError::Options(_))), "{line}");
        }
    }
}
