//! Applications beside a writer: cheap polls, whole reads, and nothing that a torn record could fake.

use std::{boxed::Box, cell::RefCell, rc::Rc, vec, vec::Vec};

use super::{commit, content, denials, install, open, region};
use crate::{
    Condition, Poll, ReadError, Reader, Storage, StorageRead, Store,
    fault::{Fault, Injected, Medium, Outcome},
    limits,
};

/// Something that happens between two reads.
type Step = Box<dyn FnOnce()>;

/// A medium that a writer and a reader share, and that runs something between the reader's reads.
#[derive(Clone)]
struct Shared {
    medium: Rc<RefCell<Medium>>,
    read_bytes: Rc<RefCell<usize>>,
    between: Rc<RefCell<Vec<Step>>>,
}

impl Shared {
    fn new() -> Self {
        let medium = Rc::new(RefCell::new(Medium::new(4_096)));
        Self { medium, read_bytes: Rc::default(), between: Rc::default() }
    }

    fn writer(&self) -> Store<Self> {
        Store::open(self.quiet(), region()).unwrap()
    }

    /// The same medium for the writer, without the actions between reads.
    fn quiet(&self) -> Self {
        Self { medium: Rc::clone(&self.medium), read_bytes: Rc::default(), between: Rc::default() }
    }
}

impl StorageRead for Shared {
    type Error = Injected;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Injected> {
        let next = self.between.borrow_mut().pop();
        if let Some(action) = next {
            action();
        }
        *self.read_bytes.borrow_mut() += into.len();
        self.medium.borrow_mut().read(offset, into)
    }

    fn len(&mut self) -> Result<u64, Injected> {
        self.medium.borrow_mut().len()
    }
}

impl Storage for Shared {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Injected> {
        self.medium.borrow_mut().write(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), Injected> {
        self.medium.borrow_mut().sync()
    }
}

fn install_shared(store: &mut Store<Shared>, number: u32) {
    let mut staging = store.begin().unwrap();
    store.append(&mut staging, &content(number)).unwrap();
    let sealed = store.seal(staging).unwrap();
    store.change(|change| change.commit_trial(&sealed, super::release(number), None)).unwrap();
    store.change(|change| change.confirm()).unwrap();
}

fn read_number<S: StorageRead<Error = Injected>>(reader: &mut Reader<S>) -> Option<u32> {
    let mut buffer = vec![0; reader.slot_bytes() as usize];
    let (_, entry) = reader.read(&mut buffer).unwrap().content?;
    let number = entry.release.order.number;
    assert_eq!(buffer[..entry.total_bytes as usize], content(number));
    Some(number)
}

#[test]
fn a_poll_reads_at_most_64_bytes_and_sees_every_change_of_the_bundle() {
    let shared = Shared::new();
    let (mut writer, mut reader) = (shared.writer(), Reader::new(shared.clone(), region()));
    assert_eq!(reader.poll(), Ok(Poll::Changed), "nothing was read yet");
    assert_eq!(read_number(&mut reader), None);
    for number in 1..5 {
        assert_eq!(reader.poll(), Ok(Poll::Unchanged));
        install_shared(&mut writer, number);
        *shared.read_bytes.borrow_mut() = 0;
        assert_eq!(reader.poll(), Ok(Poll::Changed));
        assert!(*shared.read_bytes.borrow() <= limits::POLL_BYTES);
        assert_eq!(read_number(&mut reader), Some(number));
    }
    writer.change(|change| change.replace_denials(&denials(4))).unwrap();
    assert_eq!(reader.poll(), Ok(Poll::Changed), "a deny list concerns applications");
}

#[test]
fn a_read_that_a_whole_install_overtakes_at_any_point_is_still_whole() {
    for reads_before in 0..6 {
        let shared = Shared::new();
        let mut writer = shared.writer();
        install_shared(&mut writer, 1);
        install_shared(&mut writer, 2);
        let overtake: Step = Box::new(move || {
            // Two installs: both slots are written anew while the reader is in the middle.
            install_shared(&mut writer, 3);
            install_shared(&mut writer, 4);
        });
        let mut actions: Vec<Step> = vec![overtake];
        actions.extend((0..reads_before).map(|_| Box::new(|| ()) as Step));
        *shared.between.borrow_mut() = actions;
        let mut reader = Reader::new(shared.clone(), region());
        let number = read_number(&mut reader).unwrap();
        assert!(number == 4 || number == 2, "read {number}");
    }
}

#[test]
fn a_torn_record_is_not_seen_and_its_completion_is() {
    // Three writes and a sync fill the slot; two writes follow, of one half of the trial's record each.
    for (piece, release) in [(1, 1), (2, 2)] {
        let mut store = open(Medium::new(4_096));
        install(&mut store, 1).unwrap();
        let before = store.storage_mut().operations();
        store.storage_mut().fail_at(before + 4 + piece, Fault::PowerCut);
        commit(&mut store, 2).unwrap_err();
        let dead = store.into_storage();
        let mut reader = Reader::new(dead.restart(Outcome::Prefix, 3), region());
        assert_eq!(read_number(&mut reader), Some(1));
        let mut reader = Reader::new(dead.restart(Outcome::New, 3), region());
        assert_eq!(read_number(&mut reader), Some(release), "piece {piece}");
    }
}

#[test]
fn a_small_buffer_is_told_what_is_needed() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    let mut reader = Reader::new(store.into_storage(), region());
    let error = reader.read(&mut [0; 100]).unwrap_err();
    assert_eq!(error, ReadError::TooSmall { needed: 9_137 });
}

#[test]
fn a_reader_of_a_lost_store_is_told_so_and_gets_no_bundle() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    let mut medium = store.into_storage();
    for block in [57_344, 65_536] {
        medium.flip(block + 100, 1);
    }
    let mut reader = Reader::new(medium, region());
    let snapshot = reader.read(&mut [0; 24_576]).unwrap();
    assert_eq!(snapshot.condition, Condition::Lost);
    assert_eq!(snapshot.content, None);
}
