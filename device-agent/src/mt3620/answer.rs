//! Reading one answer: its head decides, its body goes to the engine piece by piece.

use store::Storage;

use super::fetch::Fetch;
use super::http::{HttpError, Piece};
use super::mailbox::Wish;
use super::pending::Pending;
use super::routes::Leaving;
use super::{Driver, Level, Platform};
use crate::{Event, FetchFailure, Resource, Transport};

/// What a look at the answer came to.
enum Seen {
    /// More bytes are needed.
    More,
    /// Nothing to act on.
    Skipped,
    /// The head.
    Head { status: u16, length: Option<u64> },
    /// The engine was given a piece.
    Given(Pending),
    /// More bytes than were asked for.
    TooLarge,
    /// The answer is complete.
    End,
    /// It is none.
    Broken(HttpError),
}

impl<P: Platform, S: Storage> Driver<'_, P, S> {
    /// Looks at what has arrived: one piece a step.
    pub(super) fn read(&mut self, mut fetch: Fetch, now: u64) {
        let moment = self.now();
        let Self { agent, link, .. } = self;
        let Some(link) = link else {
            return self.leave(fetch, now, Leaving::Unreachable, FetchFailure::Unreachable);
        };
        let mailbox = &link.connection.mailbox;
        let (answer, bytes_left) = (&mut fetch.answer, &mut fetch.bytes_left);
        let is_opened = fetch.is_opened;
        let seen = mailbox.look(|bytes, is_full| match answer.take(bytes, is_full) {
            Err(error) => (0, Seen::Broken(error)),
            Ok((consumed, Piece::More)) => (consumed, Seen::More),
            Ok((consumed, Piece::Skipped)) => (consumed, Seen::Skipped),
            Ok((consumed, Piece::Head { status, length })) => (consumed, Seen::Head { status, length }),
            Ok((consumed, Piece::End)) => (consumed, Seen::End),
            Ok((consumed, Piece::Body(part))) => {
                let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
                match bytes_left.checked_sub(length) {
                    Some(left) => *bytes_left = left,
                    None => return (consumed, Seen::TooLarge),
                }
                // The body of an answer that is no success is of no interest.
                if !is_opened {
                    return (consumed, Seen::Skipped);
                }
                (consumed, Seen::Given(Pending::of(&agent.on(moment, Event::Chunk(part)))))
            }
        });
        match seen {
            Seen::More => {
                mailbox.wish(Wish::Bytes);
                self.go_on(fetch);
            }
            Seen::Skipped => self.go_on(fetch),
            Seen::Head { status, length } => self.head(fetch, now, status, length),
            Seen::Given(pending) => {
                self.keep_fetch(fetch);
                self.take(pending);
            }
            // The answer is known; what is written on it in length is of no interest.
            Seen::TooLarge if fetch.refused.is_some() => {
                self.link = None;
                self.on(Event::Failed(fetch.refused.unwrap_or(FetchFailure::NotFound)));
            }
            Seen::TooLarge => self.fail(fetch, now, FetchFailure::TooLarge),
            Seen::End => self.end(&fetch),
            Seen::Broken(error) => self.broken(fetch, now, error),
        }
    }

    fn head(&mut self, mut fetch: Fetch, now: u64, status: u16, length: Option<u64>) {
        let failure = match status {
            200 if length.is_some_and(|length| length > fetch.bytes_left) => FetchFailure::TooLarge,
            200 => {
                fetch.is_opened = true;
                let transport = self.routes.current().map(|route| route.transport);
                self.keep_fetch(fetch);
                return self.on(Event::Opened(transport.unwrap_or(Transport::Unauthenticated)));
            }
            404 | 410 => FetchFailure::NotFound,
            _ => FetchFailure::Server,
        };
        // Only a head must be everywhere: of the other files, "not there" is an answer like any other.
        if failure == FetchFailure::NotFound && fetch.resource != Resource::Head {
            fetch.refused = Some(failure);
            return self.go_on(fetch);
        }
        self.log_route(Level::Warning, format_args!("the server answers {status}"));
        self.leave(fetch, now, Leaving::Refused, failure);
    }

    fn end(&mut self, fetch: &Fetch) {
        self.keep_link(fetch.answer.keeps_connection());
        self.on(fetch.refused.map_or(Event::End, Event::Failed));
    }

    /// Keeps the connection for the next file, or hangs up: also where the server says more than it was asked, which
    /// would be taken for the next answer.
    pub(super) fn keep_link(&mut self, may_be_kept: bool) {
        self.link = self.link.take().filter(|link| may_be_kept && link.connection.mailbox.is_empty());
        if let Some(link) = &mut self.link {
            link.is_used = true;
        }
    }
}
