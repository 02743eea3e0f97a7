//! The bindings against the emulated board's applibs.

use std::{
    cell::RefCell,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
};

use applibs::{
    device_auth,
    event_loop::{EventLoop, Events, Handler},
    memory, networking,
    networking::InterfaceStatus,
    storage::File,
};

/// errno of Linux.
const NO_ENTRY: i32 = 2;
const EXISTS: i32 = 17;
const INVALID: i32 = 22;

/// Reads what is there, and remembers it.
struct Reader<'a> {
    stream: &'a UnixStream,
    heard: RefCell<Vec<u8>>,
}

impl Handler for Reader<'_> {
    fn ready(&self, events: Events) {
        assert!(events.readable);
        let mut buffer = [0; 16];
        let mut stream = self.stream;
        let count = stream.read(&mut buffer).unwrap_or(0);
        self.heard.borrow_mut().extend_from_slice(&buffer[..count]);
    }
}

#[test]
fn the_loop_tells_the_handler_of_a_descriptor() {
    let (mut here, there) = UnixStream::pair().unwrap();
    let reader = Reader { stream: &there, heard: RefCell::default() };
    let event_loop = EventLoop::new().unwrap();
    let watched = event_loop.watch(&there, Events::READABLE, &reader).unwrap();
    assert!(!event_loop.run(Some(0), true).unwrap(), "nothing is ready");
    here.write_all(b"hello").unwrap();
    assert!(event_loop.run(Some(1_000), true).unwrap());
    assert_eq!(*reader.heard.borrow(), b"hello");

    let again = event_loop.watch(&there, Events::READABLE, &reader).map(drop);
    assert_eq!(again.unwrap_err().errno, EXISTS);
    drop(watched);
    here.write_all(b"more").unwrap();
    assert!(!event_loop.run(Some(0), true).unwrap(), "nobody watches any more");
}

#[test]
fn errors_carry_the_errno_and_the_function() {
    let error = File::in_image_package(c"/etc/passwd").unwrap_err();
    assert_eq!((error.function, error.errno), ("Storage_OpenFileInImagePackage", INVALID));
    assert_eq!(InterfaceStatus::of(c"eth7").unwrap_err().errno, NO_ENTRY);
}

#[test]
fn a_board_that_was_told_nothing_has_a_network_and_no_clock() {
    assert!(InterfaceStatus::of(c"wlan0").unwrap().has_internet());
    assert!(!networking::is_ready().unwrap());
    assert!(device_auth::is_ready().unwrap());
    assert!(memory::peak_user_mode_kib().unwrap() >= 1);
}
