//! A Rust application on the platform, in small: opens the mutable file, says what it knows, and serves one event.
//!
//! `BOARD_DIRECTORY=/tmp cargo run -p applibs --features stand-in --example watch`

use std::{error::Error, io::Write as _, os::unix::net::UnixStream};

use applibs::{
    event_loop::{EventLoop, Events, Handler},
    log, memory,
    networking::{self, InterfaceStatus},
    storage::File,
};

/// Says that there is something to read.
struct Listener;

impl Handler for Listener {
    fn ready(&self, events: Events) {
        let _logged =
            log::debug(if events.readable { c"a message has come\n" } else { c"the other side has gone\n" });
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = File::mutable()?;
    let clock_is_known = networking::is_ready()?;
    let has_internet = InterfaceStatus::of(c"wlan0")?.has_internet();
    let text = format!(
        "store {}, clock known {clock_is_known}, internet {has_internet}, {} KiB\n",
        store.fd(),
        memory::user_mode_kib()?
    );
    log::debug(&std::ffi::CString::new(text)?)?;

    let (mut here, there) = UnixStream::pair()?;
    let listener = Listener;
    let event_loop = EventLoop::new()?;
    let _watched = event_loop.watch(&there, Events::READABLE, &listener)?;
    here.write_all(b"hello")?;
    event_loop.run(Some(1_000), true)?;
    Ok(())
}
