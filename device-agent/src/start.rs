//! The start: image and store become one engine, each part the higher one of the two.

#[cfg(feature = "mt3620")]
use alloc::boxed::Box;
use core::fmt;

use bundle::{ChannelId, Envelope, Keyring, Order, Role, SignatureMemo, VerifyError};
use store::{Condition, Floors, KeyringBytes, Restated, Storage, Store};

use crate::{
    Agent, Configuration, Memory, Now, ProbeCounts, Reason,
    agent::{Memo, State},
    cycle::Cycle,
    image::Image,
    limits,
    schedule::Jitter,
};

/// Why the engine cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// The device's id or channel is empty or too long.
    Identity,
    /// The provisioned keyring is not a keyring.
    Keyring(VerifyError),
    /// Neither image nor journal has a keyring: nothing could ever be believed.
    KeyringMissing,
    /// Less working memory than any document needs.
    Memory {
        /// Bytes that were given.
        given: usize,
    },
    /// The image's seed does not verify.
    Seed(VerifyError),
    /// The store belongs to another channel or fleet, in [`check_start`]; the engine itself sets such a store aside.
    StoreOfOtherChannel,
}

impl<'w, S: Storage> Agent<'w, S> {
    /// An engine over an open store.
    ///
    /// A keyring of the image that is newer than the journal's is written down, with the floors that it restates.
    /// The start is no step: the seed is proven as a whole, however many signatures that takes.
    ///
    /// A store of another channel or fleet is set aside: the engine runs on what the image brings, writes nothing, and
    /// says so as [`Reason::StoreOfOtherChannel`].
    ///
    /// # Errors
    /// [`StartError`] where image or configuration cannot be used at all.
    pub fn new(
        configuration: Configuration<'w>,
        mut store: Store<S>,
        memory: Memory<'w>,
    ) -> Result<Self, StartError> {
        let image = proven(&configuration, &mut store, &memory)?;
        let mut agent = Self::of_proven(configuration, store, memory, image);
        agent.begin_work();
        Ok(agent)
    }

    /// As [`Agent::new`], in a place on the heap from the first moment: an engine is of two kilobytes, and a small board
    /// has a short stack.
    ///
    /// # Errors
    /// As [`Agent::new`].
    #[cfg(feature = "mt3620")]
    pub fn boxed(
        configuration: Configuration<'w>,
        mut store: Store<S>,
        memory: Memory<'w>,
    ) -> Result<Box<Self>, StartError> {
        #[inline(never)]
        fn place<T>(value: impl FnOnce() -> T) -> Box<T> {
            Box::new(value())
        }
        let image = proven(&configuration, &mut store, &memory)?;
        let mut agent = place(|| Self::of_proven(configuration, store, memory, image));
        agent.begin_work();
        Ok(agent)
    }

    fn of_proven(
        configuration: Configuration<'w>,
        store: Store<S>,
        memory: Memory<'w>,
        image: Image<'w>,
    ) -> Self {
        let found = store.condition();
        Self {
            configuration,
            channel: ChannelId::of(configuration.channel),
            seed: image.seed,
            store,
            found,
            memory,
            gathered: 0,
            opened: false,
            state: State::Idle { wake_at: 0 },
            deferred: None,
            signatures: SignatureMemo::new(),
            cycle: Cycle::default(),
            jitter: Jitter::new(configuration.entropy),
            newer_keyring: image.newer_keyring,
            restating: Restated::default(),
            head: None,
            target: None,
            present: None,
            candidate: None,
            filling: None,
            probes: ProbeCounts::default(),
            rounds: 0,
            memo: Memo::default(),
        }
    }

    /// Takes what the image brings into the journal, and what is in use into memory.
    #[inline(never)]
    fn begin_work(&mut self) {
        self.adopt_image_keyring();
        self.load_present();
        if self.store.record().phase.is_trial() {
            self.load_trial();
        }
        self.memo.result = self.first_result();
    }

    /// Writes the image's keyring down where it is the newer one. A failure is no obstacle: it is in force all
    /// the same, and the next change of the journal tries again.
    #[inline(never)]
    fn adopt_image_keyring(&mut self) {
        let in_force = self.keyring().map(|keyring| (keyring.order(), self.restated_by_image(&keyring)));
        if let Some((order, restating)) = in_force
            && order > self.store.record().floors.keyring
        {
            self.restating = restating;
            let _written = self.change(|_| Ok(()));
        }
    }

    /// The floors that the image's keyring restates, and those that a generation between the journal's and it may have
    /// restated unseen: of roles that have none of the old keys left. No release or head of theirs was ever taken here,
    /// so nothing is to be held against the seed, and no head at all.
    fn restated_by_image(&self, keyring: &Keyring<'_>) -> Restated {
        let told = restated(keyring, self.channel);
        let Ok(kept) = Keyring::restored(self.store.record().keyring.as_bytes()) else { return told };
        let replaces = |role| keyring.replaces_role_of(&kept, role);
        let release = self.seed.map(|seed| seed.content.order).filter(|_| replaces(Role::Release));
        let head = replaces(Role::Head).then(Order::default);
        Restated { release: told.release.or(release), head: told.head.or(head), time: told.time }
    }

    /// After a failure of the store: where the journal is gone, the image's keyring is in force until it is written.
    #[inline(never)]
    pub(crate) fn keep_a_keyring(&mut self) {
        let documents = [self.seed.map(|seed| seed.keyring_document), self.configuration.keyring];
        if self.keyring().is_some() {
            return;
        }
        // Both were proven at the start, and both are keyrings.
        let order = |document: &&[u8]| Envelope::parse_whole(document).map(|it| it.header().order).ok();
        if let Some(document) = documents.into_iter().flatten().max_by_key(order) {
            let _kept = replace_keyring(&mut self.newer_keyring, document);
        }
    }

    fn first_result(&self) -> Option<(Reason, Option<Order>)> {
        match self.found {
            Condition::Lost => Some((Reason::StoreLost, None)),
            _ => {
                let noted = || Reason::from_number(self.store.record().last_check?.reason);
                Some((self.read_only().or_else(noted)?, None))
            }
        }
    }

    /// Why the store is never written to, and nothing is installed; `None` where it is like any other.
    pub(crate) const fn read_only(&self) -> Option<Reason> {
        match self.store.condition() {
            Condition::Foreign => Some(Reason::StoreOfOtherChannel),
            Condition::NewerFormat { .. } => Some(Reason::StoreNewerFormat),
            _ => None,
        }
    }

    /// What never goes back: the higher ones of journal and image.
    pub(crate) fn floors(&self) -> Floors {
        let mut floors = self.store.record().floors.or_higher(self.configuration.floors);
        floors.time = floors.time.max(self.configuration.build_time);
        if let Some(order) = self.keyring_order() {
            floors.keyring = floors.keyring.max(order);
        }
        let Some(seed) = &self.seed else { return floors };
        let of_seed =
            Floors { release: seed.content.order, time: seed.content.issued_at, ..Floors::default() };
        floors.or_higher(of_seed)
    }

    /// Notes whether the time is known; a head that came before it was is then counted from now.
    pub(crate) fn note_clock(&mut self, now: Now) {
        let unknown = now.clock == crate::Clock::Unknown;
        if self.memo.clock_unknown && !unknown {
            self.clamp_head(now.clock);
        }
        self.memo.clock_unknown = unknown;
    }
}

/// Checks everything that [`Agent::new`] checks of image and configuration, against a journal that was only read:
/// for drivers that must not make a store for a device that cannot start. Returns the keyring that would be in
/// force.
///
/// # Errors
/// As [`Agent::new`], but for memory.
pub fn check_start(
    configuration: &Configuration<'_>,
    record: &store::Record,
) -> Result<KeyringBytes, StartError> {
    let image = Image::prove(configuration, record)?;
    if image.is_foreign {
        return Err(StartError::StoreOfOtherChannel);
    }
    Ok(image.newer_keyring.unwrap_or_else(|| record.keyring.clone()))
}

/// What an engine is made of, checked; a store that is not this device's is set aside.
fn proven<'w, S: Storage>(
    configuration: &Configuration<'w>,
    store: &mut Store<S>,
    memory: &Memory<'_>,
) -> Result<Image<'w>, StartError> {
    check_memory(memory)?;
    let image = Image::prove(configuration, store.record())?;
    if image.is_foreign {
        store.set_aside();
    }
    Ok(image)
}

fn check_memory(memory: &Memory<'_>) -> Result<(), StartError> {
    let given = memory.incoming.len().saturating_mul(3);
    if given < limits::MEMORY_BYTES_MIN {
        return Err(StartError::Memory { given });
    }
    Ok(())
}

/// Puts header and body of a verified keyring document in the place of a keyring; where that fails, nothing changes.
pub(crate) fn replace_keyring(place: &mut Option<KeyringBytes>, document: &[u8]) -> Option<()> {
    let envelope = Envelope::parse_whole(document).ok()?;
    if place.is_none() && !KeyringBytes::has_room() {
        return None;
    }
    let mut keyring = place.take().unwrap_or_default();
    let replaced = keyring.replace(&[envelope.header_bytes(), envelope.body()]);
    if replaced.is_some() || !keyring.as_bytes().is_empty() {
        *place = Some(keyring);
    }
    replaced
}

/// The floors that a keyring restates for a channel.
pub(crate) fn restated(keyring: &Keyring<'_>, channel: ChannelId) -> Restated {
    let of = |role| keyring.floors().iter().find(|floor| floor.channel == channel && floor.role == role);
    Restated {
        release: of(Role::Release).map(|floor| floor.order()),
        head: of(Role::Head).map(|floor| floor.order()),
        time: keyring.time_floor(),
    }
}

/// A length as the format counts it; no buffer of this crate comes near the limit.
pub(crate) fn saturated(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl StartError {
    /// The stable name of the fault, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Keyring(_) => "keyring",
            Self::KeyringMissing => "keyring_missing",
            Self::Memory { .. } => "memory",
            Self::Seed(_) => "seed",
            Self::StoreOfOtherChannel => "store_of_other_channel",
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("the device's id must have 1 to 64 bytes, and the channel a name"),
            Self::Keyring(_) => f.write_str("the provisioned keyring cannot be used"),
            Self::KeyringMissing => f.write_str("neither image nor store has a keyring: provision a seed"),
            Self::Memory { given } => {
                write!(
                    f,
                    "{given} bytes of working memory are too few, {} are needed",
                    limits::MEMORY_BYTES_MIN
                )
            }
            Self::Seed(_) => f.write_str("the image's seed does not verify"),
            Self::StoreOfOtherChannel => {
                f.write_str("the store belongs to another channel or fleet: change it explicitly")
            }
        }
    }
}

impl core::error::Error for StartError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Keyring(error) | Self::Seed(error) => Some(error),
            _ => None,
        }
    }
}
