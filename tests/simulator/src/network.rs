//! What a device gets for a question: the honest tree, nothing, half of it, or what somebody else answers.

use std::sync::Arc;

use device_agent::{FetchFailure, Reason, Transport, judgement::ServedChain};

use crate::{
    attack::Answer,
    device::Device,
    luck::Luck,
    scenario::{OutageKind, Place, milliseconds},
    world::{Service, World},
};

/// The page of a captive portal.
const PORTAL: &[u8] = b"<html><title>Welcome to the guest network</title><p>Please accept the terms.</html>";
/// Milliseconds after which a driver gives up on a server that does not answer.
const PATIENCE: u64 = 30_000;

/// The answer to a question for a file.
#[derive(Clone, Debug)]
pub struct Reply {
    /// How the tree was reached, where it was.
    pub transport: Transport,
    /// What came of it.
    pub result: Result<Arc<[u8]>, FetchFailure>,
    /// True where the connection breaks behind the bytes.
    pub breaks: bool,
    /// Milliseconds until it is over.
    pub milliseconds: u64,
    /// True where the honest tree answered.
    pub is_honest: bool,
    /// True where an attacker answered with what no device may act on.
    pub is_refused: bool,
}

impl Reply {
    fn failed(transport: Transport, failure: FetchFailure, milliseconds: u64) -> Self {
        let result = Err(failure);
        Self { transport, result, breaks: false, milliseconds, is_honest: false, is_refused: false }
    }

    fn of(device: &Device<'_>, transport: Transport, bytes: Arc<[u8]>) -> Self {
        let class = device.class;
        let moved = (bytes.len() as u64).saturating_mul(1_000) / class.bytes_a_second.max(1);
        let milliseconds = class.latency_milliseconds.saturating_add(moved);
        Self {
            transport,
            result: Ok(bytes),
            breaks: false,
            milliseconds,
            is_honest: false,
            is_refused: false,
        }
    }
}

/// Asks for a file of the tree.
pub(crate) fn ask(world: &World, device: &Device<'_>, at: u64, path: &str, luck: &mut Luck) -> Reply {
    let failed = |failure, milliseconds| Reply::failed(Transport::Authenticated, failure, milliseconds);
    let round_trip = device.class.latency_milliseconds;
    if !device.is_online(at) {
        return failed(FetchFailure::Unreachable, round_trip);
    }
    if at < device.first_start + milliseconds(device.class.portal_hours) {
        return match luck.below(2) {
            0 => Reply::failed(Transport::Unauthenticated, FetchFailure::Server, round_trip),
            _ => Reply::of(device, Transport::Unauthenticated, PORTAL.into()),
        };
    }
    let mut transport = Transport::Authenticated;
    match device.outage(at).map(|outage| outage.kind) {
        Some(OutageKind::Unreachable) => return failed(FetchFailure::Unreachable, PATIENCE),
        Some(OutageKind::Failing) => return failed(FetchFailure::Server, round_trip),
        Some(OutageKind::Plain) => transport = Transport::Unauthenticated,
        Some(OutageKind::Endpoints) | None => {}
    }
    let lost = luck.happens(device.class.loss_percent);
    if lost && luck.below(2) == 0 {
        return failed(FetchFailure::Unreachable, PATIENCE);
    }
    let mut reply = answered(world, device, at, path, transport, luck);
    if lost && let Ok(bytes) = &reply.result {
        let kept = usize::try_from(luck.below(bytes.len() as u64)).unwrap_or(0);
        reply.result = Ok(bytes.get(..kept).unwrap_or_default().into());
        reply.breaks = true;
    }
    reply
}

fn answered(
    world: &World,
    device: &Device<'_>,
    at: u64,
    path: &str,
    transport: Transport,
    luck: &mut Luck,
) -> Reply {
    let attack = device.attack(at, false);
    let answer = attack.map_or(Answer::Honest, |attack| attack.answer(&world.history, at, path, luck));
    let transport = match attack.map(|attack| attack.place) {
        Some(Place::Path) => Transport::Unauthenticated,
        Some(Place::Mirror) | None => transport,
    };
    let none = || Reply::failed(transport, FetchFailure::NotFound, device.class.latency_milliseconds);
    let is_theirs = !matches!(answer, Answer::Honest);
    let (mut reply, breaks) = match answer {
        Answer::Honest => match world.history.file(path, at) {
            Some(bytes) => (Reply::of(device, transport, Arc::clone(bytes)), false),
            None => (none(), false),
        },
        Answer::NotFound => (none(), false),
        Answer::Whole(bytes) => (Reply::of(device, transport, bytes), false),
        Answer::Broken(bytes) => (Reply::of(device, transport, bytes), true),
    };
    reply.breaks = breaks;
    reply.is_honest = attack.is_none();
    reply.is_refused = is_theirs && attack.is_some_and(|attack| attack.is_refused(path));
    reply
}

/// What an endpoint shows to a device: a number that names the chain, and the chain or why there is none.
pub(crate) fn served<'w>(
    device: &Device<'w>,
    service: &'w Service,
    at: u64,
    luck: &mut Luck,
) -> (usize, Result<&'w ServedChain, Reason>) {
    let unseen = |reason| (usize::MAX, Err(reason));
    let outage = device.outage(at).map(|outage| outage.kind);
    if !device.is_online(at) || outage == Some(OutageKind::Unreachable) {
        return unseen(Reason::ProbeTcp);
    }
    if outage == Some(OutageKind::Endpoints) || luck.happens(device.class.loss_percent) {
        return unseen(Reason::ProbeTimeout);
    }
    let shown = match device.attack(at, true) {
        Some(_) => Some(&service.pretended),
        None => service.shown(at),
    };
    match shown {
        Some(shown) => (shown.number, shown.served.as_ref().map_err(|reason| *reason)),
        None => unseen(Reason::ProbeDns),
    }
}
