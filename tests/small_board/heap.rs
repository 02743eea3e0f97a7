//! A heap that ends. An allocation that fails ends the program, so whatever a server, a bundle or an application decides
//! the size of is asked room for: with any number of bytes left, nothing here ends it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bundle::{Denial, DenialKind, Sha256};
use device_agent::mt3620::{AnchorsError, Form, anchors, limits};
use device_agent::{Held, Reason};
use device_agent_c::code::DEVICE_AGENT_BAD_ARGUMENT;
use rcgen::DnType;
use rustls::version::TLS13;
use system_tests::pki::Authority;
use system_tests::tls_service::Identity;

use crate::board::Board;
use crate::program::{Program, snapshot};
use crate::scene::{Scene, UPDATES};
use crate::server::{Manner, Then};

thread_local! {
    /// Bytes that this thread may still take, where that is limited.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The system's heap, of which a thread may have a part alone. A list grows as in an arena: into a new block.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: every block is one of the system's allocator, or there is none.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(left) = LEFT.get() {
            let Some(left) = left.checked_sub(layout.size()) else { return std::ptr::null_mut() };
            LEFT.set(Some(left));
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LEFT.set(LEFT.get().map(|left| left.saturating_add(layout.size())));
        // SAFETY: the caller's block and layout.
        unsafe { System.dealloc(block, layout) };
    }
}

/// Works with so many bytes on the heap.
fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    LEFT.set(Some(bytes));
    let result = work();
    LEFT.set(None);
    result
}

/// Works on behalf of the test, which has a heap of its own.
pub(crate) fn beside<T>(work: impl FnOnce() -> T) -> T {
    let left = LEFT.take();
    let result = work();
    LEFT.set(left);
    result
}

/// As many as a bundle can have, of nobody's certificates.
fn denials() -> Vec<Denial> {
    let denial = |number: u8| Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[&[number]]) };
    let mut denials: Vec<Denial> = (0..64).map(denial).collect();
    denials.sort_unstable();
    denials
}

/// A board that denies as much as a bundle can.
fn denying(scene: &mut Scene) -> Board {
    let mut content = scene.content(&[&scene.vendor.old_root]);
    content.denials = denials();
    scene.publish(&content);
    // The longest name that a server can have, which is kept more than once.
    let host = [["x"; 62].concat().as_str(); 4].join(".");
    let url = format!("https://{host}:{}/", scene.servers[0].address().port());
    let mut board = Board::follow(scene, &[&url, &scene.urls()[0]], None);
    assert_eq!(board.cycle().reason, Reason::Confirmed, "{:?}", board.world.lines.borrow());
    board
}

/// What proves the server, and as much beside it as a server may send.
fn crowded(scene: &Scene) -> Identity {
    let mut identity = scene.vendor.old_identity(UPDATES[0]);
    let anybody = Authority::root("Anybody", 2020..2040);
    identity.chain.extend((0..2).map(|_| {
        anybody.cross_sign_with(&scene.vendor.new_root, 2020..2040, |params| {
            params.distinguished_name.push(DnType::OrganizationName, "x".repeat(2_700));
        })
    }));
    identity
}

#[test]
fn a_server_that_fills_the_heap_ends_nothing() {
    let mut scene = Scene::new();
    let mut board = denying(&mut scene);
    let manner = Manner::Says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_vec(), Then::Close);
    scene.servers[0].behave(manner);
    for identity in [scene.vendor.old_identity(UPDATES[0]), crowded(&scene)] {
        scene.servers[0].identify(&identity, &[&TLS13]);
        for more in (0..24_576).step_by(64) {
            let reason = within(limits::CONNECTION_BYTES + more, || board.cycle().reason);
            assert!(matches!(reason, Reason::Unreachable | Reason::ServerFailed), "{more}: {reason:?}");
        }
        assert!(board.has_logged("too_complex") || board.has_logged("tls_chain_too_long"));
    }
}

#[test]
fn an_update_for_which_there_is_no_room_ends_nothing() {
    let mut scene = Scene::new();
    let mut content = scene.content(&[&scene.vendor.old_root, &scene.vendor.new_root]);
    content.denials = denials();
    scene.publish(&content);
    let mut released = Vec::new();
    for more in (0..20_480).step_by(256) {
        let program = Program::start(&scene);
        within(limits::CONNECTION_BYTES + more, || program.cycle());
        released.push(snapshot().release.number);
        program.stop();
    }
    assert!(released.is_sorted(), "{released:?}");
    assert_eq!((released.first(), released.last()), (Some(&1), Some(&2)), "{released:?}");
}

#[test]
fn an_application_that_asks_for_anchors_while_nothing_is_left_asks_again() {
    let mut scene = Scene::new();
    let mut board = denying(&mut scene);
    let mut der = vec![0; 4_096];
    let mut ask = |bytes| {
        let agent = board.driver.agent_mut();
        within(bytes, || anchors(agent, Held::Installed, "iot-hub", Form::Der, &mut der))
    };
    for bytes in (0..2_048).step_by(64) {
        assert_eq!(ask(bytes), Err(AnchorsError::NoMemory), "{bytes}");
    }
    assert_eq!(ask(8_192), Ok(scene.old_root().len()));
}

#[test]
fn a_chain_of_the_applications_that_is_too_long_is_not_copied() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let large = [0; limits::SERVED_BYTES_MAX];
    let many = [[0].as_slice(); 200];
    assert_eq!(within(4_096, || program.probed_chain(9, &[&large, &large])), DEVICE_AGENT_BAD_ARGUMENT);
    assert_eq!(within(4_096, || program.probed_chain(9, &many)), DEVICE_AGENT_BAD_ARGUMENT);
    program.stop();
}
