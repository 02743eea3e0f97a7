//! The table of servers that a client of TLS must tell apart: each row a real server, a question, and the one answer.

mod client;
mod identity;
mod openssl;
mod question;
mod rows;

use std::io;

pub use client::NativeClient;
pub use identity::{Algorithm, Holder, Identity};
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

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the client answered.
    pub answer: String,
    /// It is what it must be.
    pub is_expected: bool,
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

/// Starts a row's server, has `client` ask it, and compares.
///
/// # Errors
/// The server or the client could not be run.
pub fn run(row: &Row, client: &impl Client) -> io::Result<Outcome> {
    let server = row.start()?;
    let answer = client.answer(&row.question(server.port()))?;
    Ok(Outcome { is_expected: answer == row.expect, answer })
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
