//! The table of servers that a client of TLS must tell apart: each row a real server, a question, and the one answer.

mod arm;
mod identity;
mod native;
mod openssl;
mod question;
mod rows;

use std::io;

pub use arm::ArmClient;
pub use identity::{Algorithm, Holder, Identity};
pub use native::NativeClient;
pub use openssl::Server;
pub use question::{Client, Question};
pub use rows::{hostile_rows, rows};

use crate::hostile_tls::HostileServer;
use bundle::UnixSeconds;
use chain::{
    Time,
    pki::{Content, Release},
};
use rcgen::date_time_ymd;

/// Rows against `openssl s_server` that there must be at least: a table that lost its rows would pass.
pub const ROWS_MIN: usize = 40;
/// Rows against the hostile server that there must be at least.
pub const HOSTILE_ROWS_MIN: usize = 80;
/// Rows without an answer after which no more are asked: each may have taken the client's whole patience.
const SILENT_ROWS_MAX: usize = 5;

/// One row: how the server is started, what the client is asked, and what it must answer.
#[derive(Debug)]
pub struct Row {
    /// What is special about the server.
    pub name: &'static str,
    /// The server.
    pub plan: Plan,
    /// Whom the client asks for.
    pub server_name: &'static str,
    /// What the client trusts.
    pub release: Release,
    /// What the client knows of the time.
    pub time: Time,
    /// The answer.
    pub expect: &'static str,
}

/// How a row's server is started.
#[derive(Debug)]
pub enum Plan {
    /// By this crate's own server: the script of that name.
    Hostile(&'static str, Identity),
    /// By `openssl s_server`, with these further arguments.
    OpenSsl(Identity, &'static [&'static str]),
}

/// A row's server while it runs.
#[derive(Debug)]
pub enum Running {
    /// This crate's own.
    Hostile(HostileServer),
    /// The real one.
    OpenSsl(Server),
}

/// What came of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that were run.
    pub total: usize,
    /// A line for each that did not end as it must, with its name.
    pub wrong: Vec<String>,
}

impl Tally {
    /// Rows that ended as they must.
    #[must_use]
    pub const fn passed(&self) -> usize {
        self.total.saturating_sub(self.wrong.len())
    }
}

impl Row {
    /// Starts the server.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> io::Result<Running> {
        Ok(match &self.plan {
            Plan::Hostile(script, identity) => Running::Hostile(HostileServer::start(script, identity)?),
            Plan::OpenSsl(identity, arguments) => Running::OpenSsl(Server::start(identity, arguments)?),
        })
    }

    /// Starts the server and has `client` ask it.
    ///
    /// # Errors
    /// The server or the client could not be run.
    pub fn ask(&self, client: &impl Client) -> io::Result<String> {
        let server = self.start()?;
        client.answer(&self.question(server.port()))
    }

    /// The question about a server on `port`.
    #[must_use]
    pub const fn question(&self, port: u16) -> Question<'_> {
        Question { port, server_name: self.server_name, release: &self.release, time: self.time }
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Hostile(server) => server.port(),
            Self::OpenSsl(server) => server.port(),
        }
    }
}

/// Starts the server of each row, has `client` ask it, and compares. A row whose server could not be started, or whose
/// client could not be run or ended without an answer, did not end as it must.
#[must_use]
pub fn run(rows: &[Row], client: &impl Client) -> Tally {
    let (mut wrong, mut silent) = (Vec::new(), 0);
    for row in rows {
        if silent == SILENT_ROWS_MAX {
            wrong.push(format!("{}: not asked, after so many that had no answer", row.name));
            continue;
        }
        match row.ask(client) {
            Ok(answer) if answer == row.expect => {}
            Ok(answer) => wrong.push(format!("{}: {answer} instead of {}", row.name, row.expect)),
            Err(error) => {
                silent += 1;
                wrong.push(format!("{}: {error}", row.name));
            }
        }
    }
    Tally { total: rows.len(), wrong }
}

/// Midnight of the first of January.
pub(crate) fn january(year: i32) -> UnixSeconds {
    UnixSeconds(u64::try_from(date_time_ymd(year, 1, 1).unix_timestamp()).unwrap_or(0))
}

/// The release that trusts these anchors and helps with these intermediates.
pub(crate) fn release(anchors: &[&Holder], intermediates: &[&Holder]) -> Release {
    let content =
        anchors.iter().fold(Content::default(), |content, holder| content.anchor(&holder.certificate));
    let content =
        intermediates.iter().fold(content, |content, holder| content.intermediate(&holder.certificate));
    content.release(1)
}
