//! `device-agent probe HOST`: what a server shows, and whether the installed bundle would accept it.

use std::fmt;

use bundle::UnixSeconds;
use chain::{Certificate, Judge, Purpose, Served, Time, Verdict};
use clap::Args;
use serde::Serialize;
use trust_store::Installed;

use super::run::block_on;
use crate::Reason;
use crate::judgement::ServedChain;
use crate::linux::cli::Context;
use crate::linux::clock::instant;
use crate::linux::configuration::split_endpoint;
use crate::linux::driver::Image;
use crate::linux::error::{Error, Exit};
use crate::linux::probe::Handshakes;
use crate::linux::trust::Trust;

/// The endpoint.
#[derive(Debug, Args)]
pub(in crate::linux) struct ProbeArgs {
    /// `host` or `host:port`; port 443 where none is given
    host: String,

    /// Judge as this service [default: every service that answers there, else any anchor]
    #[arg(long)]
    service: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    host: String,
    port: u16,
    release: String,
    /// Why nothing can be said about the endpoint.
    inconclusive: Option<&'static str>,
    served: Vec<Shown>,
    verdicts: Vec<Judgement>,
    #[serde(skip)]
    words: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Shown {
    sha256: String,
    subject: String,
    issuer: String,
    not_before: String,
    not_after: String,
}

#[derive(Debug, Serialize)]
struct Judgement {
    service: Option<String>,
    verdict: &'static str,
    code: &'static str,
    message: Option<String>,
    anchor_sha256: Option<String>,
    valid_until: Option<String>,
}

pub(in crate::linux) fn run(args: &ProbeArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let (host, port) = split_endpoint(&args.host).ok_or_else(|| {
        Error::usage("bad_host", format!("{:?} is not a host: write host or host:port", args.host))
            .place("HOST")
    })?;
    let trust = Trust::new(settings.location(), settings.seed_path.clone());
    let installed = trust.installed().map_err(|error| {
        Error::new(Exit::Io, "nothing_installed", "there is no bundle to judge under").because(error)
    })?;
    Image::check_in_use(&settings, &context.clock(), &installed)?;
    let service = args.service.as_deref();
    if let Some(name) = service.filter(|name| installed.set().service(name).is_none()) {
        let known: Vec<&str> = installed.set().service_names().collect();
        let error = Error::usage("no_service", format!("the installed release has no service {name:?}"));
        return Err(error.place("--service").hint(format!("it has: {}", known.join(", "))));
    }
    let handshakes = Handshakes::new(settings.resolve.clone(), settings.probe.timeout);
    let served = block_on(async { Ok(handshakes.served(host, port).await) })?;
    let time = Time::from_clock(context.clock().calendar(), installed.time_floor());
    let answer = Answer::of(host, port, &served, service, &installed, time);
    context.output.data("device-agent.probe.1", &answer, &answer)?;
    Ok(answer.exit())
}

impl Answer {
    fn of(
        host: &str,
        port: u16,
        served: &Result<ServedChain, Reason>,
        service: Option<&str>,
        installed: &Installed,
        time: Time,
    ) -> Self {
        let mut answer = Self {
            host: host.to_owned(),
            port,
            release: installed.order().to_string(),
            inconclusive: None,
            served: Vec::new(),
            verdicts: Vec::new(),
            words: None,
        };
        match served {
            Ok(chain) => {
                answer.served = chain.certificates.iter().map(|der| Shown::of(der)).collect();
                answer.verdicts = verdicts(chain, host, port, service, installed, time);
            }
            Err(reason) => {
                answer.inconclusive = Some(reason.name());
                answer.words = Some(reason.words());
            }
        }
        answer
    }

    fn exit(&self) -> Exit {
        match &self.inconclusive {
            Some(_) => Exit::Io,
            None if self.verdicts.iter().all(|judgement| judgement.verdict == "verified") => Exit::Done,
            None => Exit::Finding,
        }
    }
}

/// One judgement for each service that answers there; for none, one by any anchor.
fn verdicts(
    chain: &ServedChain,
    host: &str,
    port: u16,
    service: Option<&str>,
    installed: &Installed,
    time: Time,
) -> Vec<Judgement> {
    let Some((end_entity, intermediates)) = chain.certificates.split_first() else { return Vec::new() };
    let server_name = Some(&chain.server_name);
    let served = Served { end_entity, intermediates, server_name, purpose: Purpose::ServerAuth };
    let judged = |name: Option<&str>, judge: Judge<'_>| Judgement::of(name, &judge.verdict(&served, time));
    let manifest = installed.manifest();
    let services = manifest.iter().flat_map(bundle::Manifest::services);
    let answering = services.filter(|candidate| match service {
        Some(name) => candidate.name == name,
        None => candidate.answers_on(host, port),
    });
    let of_services: Vec<Judgement> = answering
        .filter_map(|service| {
            installed.set().service(service.name).map(|judge| judged(Some(service.name), judge))
        })
        .collect();
    if of_services.is_empty() { vec![judged(None, installed.set().any_service())] } else { of_services }
}

impl Judgement {
    fn of(service: Option<&str>, verdict: &Verdict) -> Self {
        let (name, message, path) = match verdict {
            Verdict::Verified(path) => ("verified", None, Some(path)),
            Verdict::Refused(refusal) => ("refused", Some(refusal.to_string()), None),
            Verdict::Inconclusive(why) => ("inconclusive", Some(why.to_string()), None),
        };
        Self {
            service: service.map(str::to_owned),
            verdict: name,
            code: verdict.code(),
            message,
            anchor_sha256: path.map(|path| path.anchor_sha256().to_string()),
            valid_until: path.map(|path| instant(path.valid_until())),
        }
    }
}

impl Shown {
    fn of(der: &[u8]) -> Self {
        let sha256 = bundle::Sha256::of(&[der]).to_string();
        let Ok(certificate) = Certificate::parse(der) else {
            let unreadable = || "cannot be read".to_owned();
            let (subject, issuer) = (unreadable(), unreadable());
            return Self { sha256, subject, issuer, not_before: String::new(), not_after: String::new() };
        };
        let date = |time: UnixSeconds| instant(time);
        Self {
            sha256,
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: date(certificate.not_before()),
            not_after: date(certificate.not_after()),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, release, .. } = self;
        if let Some(words) = self.words {
            return writeln!(f, "{host}:{port}: inconclusive: {words}");
        }
        writeln!(f, "{host}:{port} served {} certificates:", self.served.len())?;
        for (index, shown) in self.served.iter().enumerate() {
            writeln!(f, "  {index}  {}", shown.subject)?;
            writeln!(f, "     issued by {}", shown.issuer)?;
            writeln!(f, "     valid {} to {}, sha256 {}", shown.not_before, shown.not_after, shown.sha256)?;
        }
        for judgement in &self.verdicts {
            let service = match &judgement.service {
                Some(name) => format!("service {name}"),
                None => "no service of the release; any anchor".to_owned(),
            };
            write!(f, "release {release}, {service}: {}", judgement.verdict)?;
            match (&judgement.message, &judgement.anchor_sha256, &judgement.valid_until) {
                (Some(message), ..) => writeln!(f, " ({}): {message}", judgement.code)?,
                (None, Some(anchor), Some(until)) => writeln!(f, " by anchor {anchor}, good until {until}")?,
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}
