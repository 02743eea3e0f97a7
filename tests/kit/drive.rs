//! The driver of a test: it answers the engine's actions until the engine waits.

use device_agent::{Action, Agent, Event, FetchFailure, Now, Transport};
use store::Storage;

use crate::device::{Probe, Serve};

/// Actions after which a cycle is taken for endless.
const ACTIONS_MAX: u32 = 10_000;
/// Bytes of one chunk of an answer.
const CHUNK_BYTES: usize = 1_000;

/// An action, without the engine's borrow.
enum Step {
    Continue,
    Export,
    Fetch(String, u32),
    Probe(String),
    Proceed,
    Report,
    Wait,
}

/// Feeds `first` and answers every action; true where the engine came to rest. Without `serve` no server is
/// reached.
pub(crate) fn drive<S: Storage>(
    agent: &mut Agent<'_, S>,
    now: Now,
    channel: &str,
    first: Event<'_>,
    mut serve: Option<&mut Serve<'_>>,
    probe: &mut Probe<'_>,
) -> bool {
    let mut next = on(agent, now, channel, first);
    for _ in 0..ACTIONS_MAX {
        let event = match next {
            Step::Wait => return true,
            Step::Proceed => Event::Proceed,
            Step::Continue => Event::End,
            Step::Export => Event::Exported { complete: true },
            Step::Report => Event::Reported { delivered: true },
            Step::Probe(endpoint) => Event::Probed(probe(&endpoint)),
            Step::Fetch(path, bytes_max) => {
                next = match serve.as_mut().map(|serve| serve(&path)) {
                    None => on(agent, now, channel, Event::Failed(FetchFailure::Unreachable)),
                    Some(body) => answer(agent, now, channel, body, bytes_max),
                };
                continue;
            }
        };
        next = on(agent, now, channel, event);
    }
    false
}

/// One event, and all that the engine goes on with before it asks for something else.
fn on<S: Storage>(agent: &mut Agent<'_, S>, now: Now, channel: &str, event: Event<'_>) -> Step {
    let again = if matches!(event, Event::Install(_)) { event } else { Event::Proceed };
    let mut next = step(channel, agent.on(now, event));
    while matches!(next, Step::Proceed) {
        next = step(channel, agent.on(now, again));
    }
    next
}

fn answer<S: Storage>(
    agent: &mut Agent<'_, S>,
    now: Now,
    channel: &str,
    body: Option<Vec<u8>>,
    bytes_max: u32,
) -> Step {
    let Some(body) = body else {
        return on(agent, now, channel, Event::Failed(FetchFailure::NotFound));
    };
    if body.len() > usize::try_from(bytes_max).unwrap_or(usize::MAX) {
        return on(agent, now, channel, Event::Failed(FetchFailure::TooLarge));
    }
    let mut next = on(agent, now, channel, Event::Opened(Transport::Authenticated));
    for chunk in body.chunks(CHUNK_BYTES) {
        if !matches!(next, Step::Continue) {
            return next;
        }
        next = on(agent, now, channel, Event::Chunk(chunk));
    }
    if matches!(next, Step::Continue) { on(agent, now, channel, Event::End) } else { next }
}

fn step(channel: &str, action: Action<'_>) -> Step {
    match action {
        Action::Continue => Step::Continue,
        Action::Export { .. } => Step::Export,
        Action::Fetch { resource, bytes_max } => Step::Fetch(resource.path(channel).to_string(), bytes_max),
        Action::Probe(endpoint) => Step::Probe(format!("{}:{}", endpoint.host, endpoint.port)),
        Action::Proceed => Step::Proceed,
        Action::Report => Step::Report,
        Action::Wait { .. } => Step::Wait,
    }
}
