//! What is around the device: a published tree, a seed, a file on a stick, a medium from before.

use std::{collections::BTreeMap, sync::OnceLock};

use arbitrary::{Result, Unstructured};
use bundle::{Envelope, Kind, Manifest, Order, Sha256, UnixSeconds, write};
use device_agent::{
    Action, Agent, Clock, Configuration, Event, Memory, Mode, Now, ProbeOutcome, Transport, Verdict,
};
use store::{Region, Store, fault::Medium};

use crate::fleet::{self, CERTIFICATES, CHANNEL, ISSUED, KEYRING_SIGNERS};

/// When the device starts.
pub(super) const START: UnixSeconds = UnixSeconds(ISSUED.0 + 60);
/// Bytes of the device's region: the smallest.
const REGION_BYTES: u32 = 32_768;
/// Bytes of a block of the medium.
const BLOCK_BYTES: usize = 4_096;
/// Events after which a run without faults is taken for endless.
const EVENTS_MAX: usize = 2_000;

/// Everything that was published, and what devices start with.
pub(super) struct World {
    tree: BTreeMap<String, Vec<u8>>,
    releases: BTreeMap<Sha256, Vec<u8>>,
    seed: Vec<u8>,
    stick: Vec<u8>,
    /// The medium of a device that has installed the newest release.
    used: OnceLock<Medium>,
}

/// The device's region.
pub(super) fn region() -> Region {
    Region::new(0, REGION_BYTES).expect("the smallest region")
}

impl World {
    /// The one world of all runs.
    pub(super) fn shared() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    fn new() -> Self {
        let sets: [&[&[u8]]; 3] = [&CERTIFICATES[..2], &CERTIFICATES, &CERTIFICATES[1..]];
        let documents: Vec<Vec<u8>> =
            (1..).zip(sets).map(|(number, set)| fleet::manifest_document(number, set)).collect();
        let mut tree = BTreeMap::new();
        for certificate in CERTIFICATES {
            tree.insert(format!("{CHANNEL}/blob/{}", Sha256::of(&[certificate])), certificate.to_vec());
        }
        for (number, document) in (1..).zip(&documents) {
            tree.insert(format!("{CHANNEL}/release/{number}"), document.clone());
            updates(&mut tree, number, &documents);
        }
        let second = fleet::signed(
            Kind::Keyring,
            Order::new(0, 2),
            1,
            fleet::keyring_content().encode(),
            &KEYRING_SIGNERS,
        );
        tree.insert("keyring/1".to_owned(), fleet::keyring_document().to_vec());
        tree.insert("keyring/2".to_owned(), second.clone());
        tree.insert("keyring/1-2".to_owned(), second);
        let [first, _, newest] = documents.as_slice() else { panic!("there are three releases") };
        let head = fleet::head_document(9, newest);
        tree.insert(format!("{CHANNEL}/head"), head.clone());
        let digest = |document: &Vec<u8>| Envelope::parse_whole(document).map(|envelope| envelope.digest());
        let releases = documents.iter().zip(sets).map(|(document, set)| {
            let whole = [document.as_slice(), &fleet::blobs(set)].concat();
            (digest(document).expect("a document that was just made"), whole)
        });
        let releases = releases.collect();
        let seed = write::seed(fleet::keyring_document(), first, &fleet::blobs(sets[0]));
        let stick = write::usb(fleet::keyring_document(), Some(&head), newest, &fleet::blobs(sets[2]));
        let stick = stick.expect("few keyrings");
        Self { tree, releases, seed, stick, used: OnceLock::new() }
    }

    /// The device's image.
    pub(super) fn configuration(&'static self, u: &mut Unstructured<'_>) -> Result<Configuration<'static>> {
        let mode = if u.ratio(1_u8, 16_u8)? { Mode::Observe } else { Mode::Install };
        Ok(self.image(mode))
    }

    fn image(&'static self, mode: Mode) -> Configuration<'static> {
        Configuration {
            device: "device-1",
            channel: CHANNEL,
            groups: &[],
            mode,
            seed: Some(&self.seed),
            keyring: None,
            floors: store::Floors::default(),
            build_time: ISSUED,
            local_hosts: &[],
            entropy: 7,
        }
    }

    /// An empty medium, or one that was used, with a few bytes that rotted.
    pub(super) fn medium(&'static self, u: &mut Unstructured<'_>) -> Result<Medium> {
        if !u.arbitrary::<bool>()? {
            return Ok(Medium::new(BLOCK_BYTES));
        }
        let mut medium = self.used.get_or_init(|| self.updated()).clone();
        for _ in 0..u.int_in_range(0..=3)? {
            let at = usize::from(u.int_in_range(0..=u16::try_from(REGION_BYTES - 1).unwrap_or(u16::MAX))?);
            medium.flip(at, u.int_in_range(1..=u8::MAX)?);
        }
        Ok(medium)
    }

    /// A device that has followed the tree, without faults.
    fn updated(&'static self) -> Medium {
        let mut buffer = vec![0; 3 * 8_192];
        let store = Store::open(Medium::new(BLOCK_BYTES), region()).expect("an empty medium opens");
        let mut agent =
            Agent::new(self.image(Mode::Install), store, Memory::new(&mut buffer)).expect("it starts");
        let mut now = Now { uptime_seconds: 0, clock: Clock::Known(START) };
        let mut path = None;
        let mut event = Event::Nudge;
        for _ in 0..EVENTS_MAX {
            let action = agent.on(now, event);
            event = match action {
                Action::Continue => match path.take().and_then(|path: String| self.tree.get(&path)) {
                    Some(body) => Event::Chunk(body),
                    None => Event::End,
                },
                Action::Fetch { resource, .. } => {
                    path = Some(resource.path(CHANNEL).to_string());
                    Event::Opened(Transport::Authenticated)
                }
                Action::Probe(_) => {
                    let verified = Some(Verdict::Verified);
                    Event::Probed(ProbeOutcome { present: verified, candidate: verified, excused: false })
                }
                Action::Export { .. } => Event::Exported { complete: true },
                Action::Report => Event::Reported { delivered: true },
                Action::Proceed => Event::Proceed,
                Action::Wait { seconds } => {
                    now.uptime_seconds += seconds;
                    Event::Wake
                }
            };
        }
        assert_eq!(
            agent.installed().map(|content| content.order),
            Some(Order::new(0, 3)),
            "it follows the tree"
        );
        agent.into_store().into_storage()
    }

    /// What a server says to a request; `None` where it fails. Where the input has ended, what was published.
    pub(super) fn answer(&self, path: &str, u: &mut Unstructured<'_>) -> Result<Option<Vec<u8>>> {
        let honest = self.tree.get(path).cloned();
        Ok(match u.int_in_range(0..=7)? {
            0..=2 => honest,
            3 => None,
            4 => {
                let all: Vec<&Vec<u8>> = self.tree.values().collect();
                Some((*u.choose(&all)?).clone())
            }
            5 => Some(u.arbitrary::<&[u8]>()?.to_vec()),
            _ => match honest {
                Some(honest) => Some(spoilt(honest, u)?),
                None => None,
            },
        })
    }

    /// A file on a stick.
    pub(super) fn file(&self, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        Ok(match u.int_in_range(0..=3)? {
            0 => self.stick.clone(),
            1 => self.seed.clone(),
            2 => spoilt(self.stick.clone(), u)?,
            _ => u.arbitrary::<&[u8]>()?.to_vec(),
        })
    }

    /// Fails where these bytes are no release that was published.
    pub(super) fn is_whole(&self, digest: Sha256, document_bytes: u32, bytes: &[u8]) {
        let published = self.releases.get(&digest).expect("what is installed was published");
        assert!(bytes == published, "a release is installed that is not whole");
        let length = usize::try_from(document_bytes).expect("it fits a slot");
        let (document, blobs) = bytes.split_at(length);
        let manifest = Manifest::restored(document, digest).expect("what is installed can be read");
        assert_eq!(manifest.verify_blobs(blobs), Ok(()));
    }
}

/// The updates to a release from all earlier ones, and from nothing.
fn updates(tree: &mut BTreeMap<String, Vec<u8>>, to: usize, documents: &[Vec<u8>]) {
    let read = |document: &'_ Vec<u8>| {
        let digest = Envelope::parse_whole(document).map(|envelope| envelope.digest());
        digest.expect("a document that was just made")
    };
    let Some(document) = documents.get(to - 1) else { return };
    let target = Manifest::restored(document, read(document)).expect("a document that was just made");
    let blob = |sha256| CERTIFICATES.into_iter().find(|certificate| Sha256::of(&[certificate]) == sha256);
    for from in 0..to {
        let earlier = from.checked_sub(1).and_then(|index| documents.get(index));
        let base = earlier.map(|earlier| {
            Manifest::restored(earlier, read(earlier)).expect("a document that was just made")
        });
        let update = write::update(base.as_ref(), document, &target, blob).expect("every blob is there");
        tree.insert(format!("{CHANNEL}/update/{from}-{to}"), update);
    }
}

/// The same file with something wrong with it.
fn spoilt(mut file: Vec<u8>, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if file.is_empty() {
        return Ok(file);
    }
    match u.int_in_range(0..=2)? {
        0 => {
            let at = u.choose_index(file.len())?;
            if let Some(byte) = file.get_mut(at) {
                *byte ^= u.int_in_range(1..=u8::MAX)?;
            }
        }
        1 => file.truncate(u.choose_index(file.len())?),
        _ => file.extend_from_slice(u.arbitrary::<&[u8]>()?),
    }
    Ok(file)
}
