//! The verifying core: messages in, answers out; what it believes is signed, and what it trusts is whole.

mod certificates;
mod documents;

use bundle::{ChannelId, Envelope, Keyring, Order, Sha256, SignatureLog, UnixSeconds};

use crate::{
    Answer, AnswerKind, Message, Part, Reason, Trust,
    bytes::{length, put, saturated},
    limits::KEYRINGS_MAX,
};

/// What the image of a real-time core has built in: all that it believes without a signature.
#[derive(Clone, Copy, Debug)]
pub struct Image<'i> {
    /// The keyring document, whole.
    pub keyring: &'i [u8],
    /// The channel whose releases this core takes.
    pub channel: ChannelId,
    /// The service whose anchors it keeps.
    pub service: &'i str,
    /// The lowest release that it takes after a start. There is no other memory: raise it with every image.
    pub release_floor: Order,
    /// A time that has passed for certain: that of the build.
    pub time_floor: UnixSeconds,
}

/// The buffers of a verifying core; what does not fit is refused by name.
#[derive(Debug)]
pub struct Memory<'a> {
    /// For the keyring in force: its header (68 bytes) and body.
    pub keyring: &'a mut [u8],
    /// For the document that is coming: a keyring file or a manifest, each with its signatures.
    pub document: &'a mut [u8],
    /// For the anchors: one set is readable while the other is filled.
    pub sets: [&'a mut [u8]; 2],
}

/// Verifies what the neighbour hands over, and keeps the anchors of one service.
#[derive(Debug)]
pub struct Receiver<'a> {
    channel: ChannelId,
    service: &'a str,
    memory: Memory<'a>,
    keyring_bytes: usize,
    keyring: Order,
    floor: Order,
    time: UnixSeconds,
    installed: Option<Installed>,
    transfer: Option<Transfer>,
    /// What was found out about the signatures of the document that is judged. Here, not in the state, which is copied.
    log: SignatureLog,
    last: AnswerKind,
}

/// What is trusted now.
#[derive(Clone, Copy, Debug)]
struct Installed {
    release: Release,
    /// Which of the two sets it is in, and how many bytes of it are used.
    set: usize,
    set_bytes: usize,
}

/// A verified release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Release {
    order: Order,
    digest: Sha256,
    issued_at: UnixSeconds,
}

/// The transfer that is under way, or the one that ended last: its repeated messages are still answered.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    id: u32,
    /// Number of the message that is taken next.
    sequence: u32,
    keyrings: u32,
    state: State,
}

/// What a transfer waits for.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The rest of a document.
    Document { part: Part, gathered: usize },
    /// The judgement of a document that is whole; its message is not answered yet.
    Judgement { part: Part, total: usize },
    /// The rest of a certificate.
    Certificate(Filling),
    /// The word that what has come is to be installed.
    End { release: Release, set_bytes: usize },
    /// Nothing: it was accepted or refused.
    Over,
}

/// A set that is being filled.
#[derive(Clone, Copy, Debug)]
struct Filling {
    release: Release,
    /// Bytes of the manifest's document, which lies in the buffer for documents.
    document_bytes: usize,
    /// The anchor whose certificate is coming, by its place in the manifest.
    index: u32,
    /// Bytes of its certificate.
    total: usize,
    /// Where its entry starts in the set, and where its certificate does.
    entry_at: usize,
    certificate_at: usize,
    gathered: usize,
    /// Anchors in the set so far.
    kept: u32,
}

/// What taking a message or judging a document led to.
type Step = Result<State, Halt>;

/// Why it did not lead to the next state.
#[derive(Clone, Copy, Debug)]
enum Halt {
    /// One more signature is to be checked: in the next call, in the same state.
    Deferred,
    /// It is over.
    Refused(Reason),
}

impl From<bundle::VerifyError> for Halt {
    fn from(error: bundle::VerifyError) -> Self {
        match error {
            bundle::VerifyError::Deferred => Self::Deferred,
            error => Self::Refused(error.into()),
        }
    }
}

impl From<Reason> for Halt {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl<'a> Receiver<'a> {
    /// A core that trusts nobody yet and believes its image.
    ///
    /// # Errors
    /// What is wrong with the image's keyring, or [`Reason::KeyringTooLarge`] where the memory for it is too short.
    #[inline(never)] // its locals must not lie on the stack as long as the core does
    pub fn new(image: &Image<'a>, memory: Memory<'a>) -> Result<Self, Reason> {
        let order = Keyring::provisioned(image.keyring)?.order();
        let mut receiver = Self {
            channel: image.channel,
            service: image.service,
            memory,
            keyring_bytes: 0,
            keyring: order,
            floor: image.release_floor,
            time: image.time_floor,
            installed: None,
            transfer: None,
            log: SignatureLog::new(),
            last: AnswerKind::Ignored(Reason::NoTransfer),
        };
        let envelope = Envelope::parse_whole(image.keyring).map_err(bundle::VerifyError::Parse)?;
        let bytes = keep_keyring(receiver.memory.keyring, &envelope);
        receiver.keyring_bytes = bytes.ok_or(Reason::KeyringTooLarge)?;
        Ok(receiver)
    }

    /// What is trusted now: one whole verified release's, or `None` before the first one.
    #[must_use]
    pub fn trust(&self) -> Option<Trust<'_>> {
        let installed = self.installed?;
        Some(Trust::new(self.memory.sets.get(installed.set)?.get(..installed.set_bytes)?))
    }

    /// The release that is trusted now.
    #[must_use]
    pub fn release(&self) -> Option<Order> {
        self.installed.map(|installed| installed.release.order)
    }

    /// The keyring in force.
    #[must_use]
    pub const fn keyring(&self) -> Order {
        self.keyring
    }

    /// A time that has passed for certain: what `notAfter` may be held against where there is no clock.
    #[must_use]
    pub const fn time_floor(&self) -> UnixSeconds {
        self.time
    }

    /// Takes one message and answers it; `None` where it completed a document, which [`Receiver::proceed`] judges, or
    /// repeats the message that did.
    ///
    /// Whatever the bytes are, this returns, in bounded time, and checks no signature. The bytes must not change
    /// meanwhile: a driver copies a message out of shared memory first. They are not needed afterwards, so that their
    /// buffer can be gone from the stack when signatures are checked.
    #[inline(never)] // its locals must not lie on the stack below a judgement
    pub fn receive(&mut self, bytes: &[u8]) -> Option<Answer> {
        let kind = match self.take(bytes) {
            Ok(step) => self.go_on(step)?,
            Err(kind) => kind,
        };
        Some(self.answer(kind))
    }

    /// Judges the document that is whole, one signature further in each call; answers the message that completed it,
    /// or `None` where another call goes on.
    ///
    /// There are as many calls as signatures are to be checked: those of the release role for a manifest, those of the
    /// old keyring and of the new for a keyring, and forged ones in front of them. In between the core may do other
    /// things, and take messages. Where nothing is to be judged the last answer is given again.
    pub fn proceed(&mut self) -> Option<Answer> {
        let kind = match self.transfer {
            Some(Transfer { state: State::Judgement { part, total }, .. }) => {
                let step = self.judge(part, total);
                self.go_on(step)?
            }
            _ => self.last,
        };
        Some(self.answer(kind))
    }

    /// Places a message and takes its piece; an answer right away where it is none that is waited for.
    fn take(&mut self, bytes: &[u8]) -> Result<Step, AnswerKind> {
        let ignored = |reason| Err(AnswerKind::Ignored(reason));
        let message = Message::parse(bytes).map_err(AnswerKind::Ignored)?;
        let current = self.transfer.filter(|transfer| transfer.id == message.transfer);
        let Some(transfer) = current else {
            return if message.part == Part::Begin {
                Ok(self.begin(&message))
            } else {
                ignored(Reason::NoTransfer)
            };
        };
        if message.sequence < transfer.sequence {
            return Err(self.last);
        }
        match transfer.state {
            State::Over => ignored(Reason::NoTransfer),
            _ if message.sequence > transfer.sequence => ignored(Reason::Ahead),
            // The message that completed it, once more: the judgement answers both.
            State::Judgement { part, .. } if message.part == part => Ok(Ok(transfer.state)),
            State::Document { part, gathered } if fits(&message, part, gathered) => {
                Ok(self.take_document(&message, gathered))
            }
            State::Certificate(filling)
                if fits(&message, Part::Certificate(filling.index), filling.gathered) =>
            {
                Ok(self.take_certificate(&message, filling))
            }
            State::End { release, set_bytes } if message.part == Part::End => {
                Ok(Ok(self.install(release, set_bytes)))
            }
            _ => ignored(Reason::Unexpected),
        }
    }

    /// A new transfer takes the place of whatever was under way; what is installed stays.
    fn begin(&mut self, message: &Message<'_>) -> Step {
        let keyrings = message.total;
        self.transfer = Some(Transfer { id: message.transfer, sequence: 0, keyrings, state: State::Over });
        if keyrings > KEYRINGS_MAX {
            return Err(Reason::KeyringsTooMany.into());
        }
        let part = if keyrings == 0 { Part::Manifest } else { Part::Keyring(0) };
        Ok(State::Document { part, gathered: 0 })
    }

    /// The message was taken: the transfer moves on by one, or is over; `None` while a document is judged.
    fn go_on(&mut self, step: Step) -> Option<AnswerKind> {
        let (state, kind) = match step {
            Ok(state) => (state, state.wants()),
            Err(Halt::Deferred) => return None,
            Err(Halt::Refused(reason)) => (State::Over, Some(AnswerKind::Refused(reason))),
        };
        if let Some(transfer) = &mut self.transfer {
            transfer.sequence = transfer.sequence.saturating_add(u32::from(kind.is_some()));
            transfer.state = state;
        }
        self.last = kind.unwrap_or(self.last);
        kind
    }

    fn install(&mut self, release: Release, set_bytes: usize) -> State {
        self.installed = Some(Installed { release, set: self.idle_set(), set_bytes });
        self.floor = release.order;
        self.time = self.time.max(release.issued_at);
        State::Over
    }

    /// The set that nobody reads.
    fn idle_set(&self) -> usize {
        self.installed.map_or(0, |installed| installed.set ^ 1)
    }

    fn answer(&self, kind: AnswerKind) -> Answer {
        let (transfer, sequence) = self.transfer.map_or((0, 0), |transfer| (transfer.id, transfer.sequence));
        let release = self.release().unwrap_or_default();
        Answer { kind, transfer, sequence, release, keyring: self.keyring }
    }
}

impl State {
    /// What is said of it; nothing yet while a document is judged.
    fn wants(&self) -> Option<AnswerKind> {
        Some(match self {
            Self::Document { part, gathered } => {
                AnswerKind::Wants { part: *part, offset: saturated(*gathered) }
            }
            Self::Judgement { .. } => return None,
            Self::Certificate(filling) => AnswerKind::Wants {
                part: Part::Certificate(filling.index),
                offset: saturated(filling.gathered),
            },
            Self::End { .. } => AnswerKind::Wants { part: Part::End, offset: 0 },
            Self::Over => AnswerKind::Accepted,
        })
    }
}

/// True where the message brings the piece that is wanted.
fn fits(message: &Message<'_>, part: Part, gathered: usize) -> bool {
    message.part == part && length(message.offset) == gathered
}

/// Keeps header and body of a keyring, as [`Keyring::restored`] reads them; their length.
fn keep_keyring(memory: &mut [u8], envelope: &Envelope<'_>) -> Option<usize> {
    let header = envelope.header_bytes();
    let end = header.len().checked_add(envelope.body().len())?;
    memory.get(..end)?;
    put(memory, 0, header)?;
    put(memory, header.len(), envelope.body())?;
    Some(end)
}
