//! What the C interface refuses: with its code, and changing nothing.

use std::ffi::{CStr, CString, c_char};
use std::io::{Read as _, Seek as _};
use std::ptr;

use device_agent::Reason;
use device_agent_c::answers::{
    DEVICE_AGENT_NOT_ASKED, device_agent_probed_chain, device_agent_resolved, device_agent_service_result,
};
use device_agent_c::bundles::{device_agent_anchor, device_agent_anchors};
use device_agent_c::code::{
    DEVICE_AGENT_ABI_MISMATCH, DEVICE_AGENT_ABI_VERSION, DEVICE_AGENT_ALREADY_STARTED,
    DEVICE_AGENT_ARENA_TOO_SMALL, DEVICE_AGENT_BAD_ARGUMENT, DEVICE_AGENT_KEYRING_MISSING,
    DEVICE_AGENT_KEYRING_REFUSED, DEVICE_AGENT_NOT_STARTED, DEVICE_AGENT_OK, DEVICE_AGENT_REENTERED,
    DEVICE_AGENT_REGION_REFUSED, DEVICE_AGENT_SEED_REFUSED, DEVICE_AGENT_STORE_FAILED,
    DEVICE_AGENT_UNKNOWN_TICKET, DEVICE_AGENT_URL_REFUSED, DEVICE_AGENT_WRONG_THREAD,
    device_agent_abi_version, device_agent_code_name, device_agent_reason_name,
};
use device_agent_c::config::{DEVICE_AGENT_CONFIGURATION_BYTES_MAX, DeviceAgentConfig, DeviceAgentLocalHost};
use device_agent_c::lifecycle::{
    DeviceAgentWait, device_agent_arena_size, device_agent_nudge, device_agent_start, device_agent_step,
    device_agent_stop, device_agent_wait_for,
};
use device_agent_c::snapshot::{DeviceAgentSnapshot, device_agent_snapshot_read};
use device_agent_c::{Code, DeviceAgent};

use crate::program::{Program, Setup, size, snapshot};
use crate::scene::Scene;
use crate::server::Server;

/// Every byte of the store's file.
fn stored(setup: &Setup) -> Vec<u8> {
    let (mut file, mut bytes) = (&setup.file, Vec::new());
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// The start is refused with this code, and another one works.
fn refused(setup: &mut Setup, expect: i32, spoil: impl FnOnce(&mut DeviceAgentConfig)) {
    let (seen, before) = (snapshot(), stored(setup));
    let mut config = setup.config();
    spoil(&mut config);
    let (code, agent) = setup.start(&config);
    if code == DEVICE_AGENT_OK {
        // SAFETY: the agent that should not have been started.
        unsafe { device_agent_stop(agent) };
    }
    assert_eq!((code, agent.is_null()), (expect, true));
    assert!(stored(setup) == before && snapshot() == seen, "a refused start changes nothing");
    let config = setup.config();
    let (code, agent) = setup.start(&config);
    assert_eq!(code, DEVICE_AGENT_OK, "after a refused start");
    // SAFETY: the agent that has just been started.
    assert_eq!(unsafe { device_agent_stop(agent) }, DEVICE_AGENT_OK);
}

#[test]
fn a_start_with_what_cannot_be_read_is_refused() {
    let scene = Scene::new();
    let mut setup = Setup::new(&scene);
    let setup = &mut setup;
    refused(setup, DEVICE_AGENT_ABI_MISMATCH, |config| config.struct_size += 4);
    refused(setup, DEVICE_AGENT_ABI_MISMATCH, |config| config.struct_size = 0);
    refused(setup, DEVICE_AGENT_ABI_MISMATCH, |config| config.callbacks.struct_size -= 4);
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.device = ptr::null());
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.device = c"\xff".as_ptr());
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.channel = ptr::null());
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.group_count = 1);
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.local_host_count = 1);
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.allowed_host_count = 1);
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.seed = ptr::null());
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.keyring_bytes = 7);
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.store_fd = -1);
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.url_count = 257);
    let long = CString::new("x".repeat(DEVICE_AGENT_CONFIGURATION_BYTES_MAX)).unwrap();
    refused(setup, DEVICE_AGENT_ARENA_TOO_SMALL, |config| config.device = long.as_ptr());
    let nothing: [*const c_char; 1] = [ptr::null()];
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| {
        (config.urls, config.url_count) = (nothing.as_ptr(), 1);
    });
    let misaligned = nothing.as_ptr().cast::<u8>().wrapping_add(1).cast();
    refused(setup, DEVICE_AGENT_BAD_ARGUMENT, |config| config.urls = misaligned);
    let host = DeviceAgentLocalHost { struct_size: 4, service: c"a".as_ptr(), host: c"b".as_ptr() };
    refused(setup, DEVICE_AGENT_ABI_MISMATCH, |config| {
        (config.local_hosts, config.local_host_count) = (&raw const host, 1);
    });
}

#[test]
fn a_start_with_what_makes_no_sense_is_refused() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut setup = Setup::new(&scene);
    let setup = &mut setup;
    // Both on an empty store: a start that works leaves channel and keyring there.
    refused(setup, DEVICE_AGENT_KEYRING_MISSING, |config| {
        (config.seed, config.seed_bytes) = (ptr::null(), 0);
    });
    setup.file.set_len(0).unwrap();
    refused(setup, DEVICE_AGENT_SEED_REFUSED, |config| config.channel = c"other".as_ptr());
    for url in [c"ftp://updates.example/", c"updates.example", c"https://", c"https://a/?q"] {
        let urls = [url.as_ptr()];
        refused(setup, DEVICE_AGENT_URL_REFUSED, |config| {
            (config.urls, config.url_count) = (urls.as_ptr(), 1);
        });
    }
    refused(setup, DEVICE_AGENT_URL_REFUSED, |config| (config.urls, config.url_count) = (ptr::null(), 0));
    let nine = [c"https://updates.example/".as_ptr(); 9];
    refused(setup, DEVICE_AGENT_URL_REFUSED, |config| (config.urls, config.url_count) = (nine.as_ptr(), 9));
    refused(setup, DEVICE_AGENT_REGION_REFUSED, |config| config.store_offset = 4_096);
    refused(setup, DEVICE_AGENT_REGION_REFUSED, |config| config.store_bytes = 32_767);
    refused(setup, DEVICE_AGENT_REGION_REFUSED, |config| config.store_offset = u64::MAX - 8_191);
    let seed = scene.publisher.seed(1);
    let mut forged = seed.clone();
    *forged.last_mut().unwrap() ^= 1;
    refused(setup, DEVICE_AGENT_SEED_REFUSED, |config| config.seed = forged.as_ptr());
    refused(setup, DEVICE_AGENT_SEED_REFUSED, |config| config.seed_bytes -= 1);
    refused(setup, DEVICE_AGENT_KEYRING_REFUSED, |config| {
        (config.keyring, config.keyring_bytes) = (seed.as_ptr(), seed.len());
    });
    // No file has this number.
    refused(setup, DEVICE_AGENT_STORE_FAILED, |config| config.store_fd = 1_000_000);
}

/// Runs a program over somebody else's store, to the end of a cycle that offers a release: it lives on its seed, says
/// why wherever it speaks, and leaves every byte as it was.
fn lives_on_its_seed(setup: Setup) {
    let other = Reason::StoreOfOtherChannel;
    let before = stored(&setup);
    let program = setup.run();
    assert_eq!(snapshot().reason, other.number());
    let seen = program.cycle();
    assert_eq!((seen.reason, seen.phase, seen.release.number), (other.number(), 0, 1));
    let logged = program
        .application()
        .lines
        .borrow()
        .iter()
        .any(|(level, line)| *level == 1 && line.contains("reason=store_of_other_channel"));
    assert!(logged, "{:?}", program.application().lines.borrow());
    let reports = program.application().reports.borrow().clone();
    let [(_, bytes)] = reports.as_slice() else { panic!("{} reports", reports.len()) };
    crate::probes::check_report(bytes, |report| assert_eq!(report.reason, other.number()));
    assert!(stored(&program.stop()) == before);
}

#[test]
fn a_store_of_another_channel_stays_what_it_is_and_the_agent_lives_on_its_seed() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut setup = Setup::new(&scene);
    let keyring = scene.publisher.keyring.1.clone();
    let mut config = setup.config();
    (config.seed, config.seed_bytes) = (ptr::null(), 0);
    (config.keyring, config.keyring_bytes) = (keyring.as_ptr(), keyring.len());
    config.channel = c"other".as_ptr();
    let (code, agent) = setup.start(&config);
    assert_eq!(code, DEVICE_AGENT_OK);
    // SAFETY: the agent that has just been started, and has written its channel down.
    assert_eq!(unsafe { device_agent_stop(agent) }, DEVICE_AGENT_OK);
    lives_on_its_seed(setup);
}

#[test]
fn the_places_for_arena_and_agent_are_looked_at_first() {
    let scene = Scene::new();
    let mut setup = Setup::new(&scene);
    let (config, mut agent) = (setup.config(), ptr::null_mut::<DeviceAgent>());
    let (arena, bytes) = (setup.arena.as_mut_ptr().cast(), setup.arena.len() * 8);
    let out = &raw mut agent;
    let misaligned_out = out.cast::<u8>().wrapping_add(1).cast();
    let misaligned_config = (&raw const config).cast::<u8>().wrapping_add(1).cast();
    // SAFETY: each call is refused for the argument that is wrong, before that is used.
    let codes = unsafe {
        [
            device_agent_start(&raw const config, ptr::null_mut(), bytes, out),
            device_agent_start(&raw const config, arena, bytes, ptr::null_mut()),
            device_agent_start(&raw const config, arena, bytes, misaligned_out),
            device_agent_start(ptr::null(), arena, bytes, out),
            device_agent_start(misaligned_config, arena, bytes, out),
        ]
    };
    assert_eq!(codes, [DEVICE_AGENT_BAD_ARGUMENT; 5]);
    for bytes in [0, device_agent_arena_size() - 1] {
        // SAFETY: as above.
        let code = unsafe { device_agent_start(&raw const config, arena, bytes, out) };
        assert_eq!(code, DEVICE_AGENT_ARENA_TOO_SMALL);
    }
    assert!(agent.is_null());
}

#[test]
fn there_is_one_agent_and_after_its_stop_none() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let (agent, config) = (program.agent, program.setup.as_ref().unwrap().config());
    let (mut arena, mut second) = (vec![0_u64; device_agent_arena_size() / 8 + 1], ptr::null_mut());
    // SAFETY: refused before anything of it is used.
    let code = unsafe {
        device_agent_start(&raw const config, arena.as_mut_ptr().cast(), arena.len() * 8, &raw mut second)
    };
    assert_eq!((code, second.is_null()), (DEVICE_AGENT_ALREADY_STARTED, true));
    let is_waiting = program.step();
    assert!(is_waiting >= 0, "the first one goes on");
    let stopped = program.stop();
    // SAFETY: the address is compared and not followed.
    let codes = unsafe {
        [
            device_agent_step(agent),
            device_agent_nudge(agent),
            device_agent_stop(agent),
            device_agent_step(ptr::null_mut()),
        ]
    };
    assert_eq!(codes, [DEVICE_AGENT_NOT_STARTED; 4]);
    drop(stopped);
}

#[test]
fn another_thread_is_refused() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let agent = program.agent.expose_provenance();
    let codes = std::thread::spawn(move || {
        let agent: *mut DeviceAgent = ptr::with_exposed_provenance_mut(agent);
        // SAFETY: refused before the agent is touched.
        unsafe {
            [
                device_agent_step(agent),
                device_agent_nudge(agent),
                device_agent_stop(agent),
                device_agent_resolved(agent, 1, ptr::null(), 0),
            ]
        }
    });
    assert_eq!(codes.join().unwrap(), [DEVICE_AGENT_WRONG_THREAD; 4]);
    program.cycle();
    program.stop();
}

#[test]
fn an_address_that_is_not_the_agents_is_refused() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let stranger = ptr::without_provenance_mut::<DeviceAgent>(8);
    for agent in [ptr::null_mut(), stranger] {
        // SAFETY: the address is compared and not followed.
        let codes =
            unsafe { [device_agent_step(agent), device_agent_nudge(agent), device_agent_stop(agent)] };
        assert_eq!(codes, [DEVICE_AGENT_BAD_ARGUMENT; 3]);
    }
    program.stop();
}

#[test]
fn no_callback_may_call_back() {
    let mut scene = Scene::new();
    scene.publish_both();
    let program = Program::start(&scene);
    program.application().reenters.set(true);
    program.cycle();
    assert_eq!(snapshot().release.number, 2, "the refused calls did no harm");
    let calls = program.application().reentries.borrow().clone();
    for callback in ["unix_seconds", "resolve", "probe", "changed", "report", "log"] {
        assert!(calls.iter().any(|(name, _)| *name == callback), "{callback} was not called");
    }
    assert!(calls.iter().all(|(_, code)| *code == DEVICE_AGENT_REENTERED), "{calls:?}");
    program.application().reenters.set(false);
    program.stop();
}

#[test]
fn structs_that_are_to_be_filled_say_their_size() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let mut wait = program.wait_for();
    wait.struct_size -= 1;
    let mut seen = DeviceAgentSnapshot::default();
    let misaligned = (&raw mut wait).cast::<u8>().wrapping_add(1).cast();
    // SAFETY: each is refused for its size or address before it is filled.
    let codes = unsafe {
        [
            device_agent_wait_for(program.agent, &raw mut wait),
            device_agent_snapshot_read(&raw mut seen),
            device_agent_wait_for(program.agent, ptr::null_mut()),
            device_agent_wait_for(program.agent, misaligned),
            device_agent_snapshot_read(ptr::null_mut()),
        ]
    };
    let (mismatch, bad) = (DEVICE_AGENT_ABI_MISMATCH, DEVICE_AGENT_BAD_ARGUMENT);
    assert_eq!(codes, [mismatch, mismatch, bad, bad, bad]);
    assert_eq!(wait.struct_size, size::<DeviceAgentWait>() - 1);
    program.stop();
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let bad = DEVICE_AGENT_BAD_ARGUMENT;
    assert_eq!(program.resolved(1, &[1, 2, 3, 4, 5]), bad);
    assert_eq!(program.resolved(9, &[1, 2, 3, 4]), DEVICE_AGENT_UNKNOWN_TICKET);
    assert_eq!(program.resolved(9, &[0; 16]), DEVICE_AGENT_UNKNOWN_TICKET);
    assert_eq!((program.probed(1, 5, 0), program.probed(1, 0, -1)), (bad, bad));
    assert_eq!(program.probed(9, 0, 0), DEVICE_AGENT_UNKNOWN_TICKET);
    assert_eq!(program.reported(9), DEVICE_AGENT_UNKNOWN_TICKET);
    assert_eq!(program.probed_chain(9, &[b"der"]), DEVICE_AGENT_UNKNOWN_TICKET);
    assert_eq!(program.probed_chain(9, &[]), bad);
    assert_eq!(program.probed_chain(9, &[b"der".as_slice(); 11]), bad);
    assert_eq!(program.probed_chain(9, &[&[0; 12_289]]), bad);
    assert_eq!(program.probed_chain(9, &[b"der", b""]), bad);
    assert_eq!(program.service_result(c"iot-hub", 1, 7), bad);
    assert_eq!(program.service_result(c"iot-hub", 1, DEVICE_AGENT_NOT_ASKED), bad);
    let agent = program.agent;
    // SAFETY: each is refused for its NULL.
    let codes = unsafe {
        [
            device_agent_resolved(agent, 1, ptr::null(), 4),
            device_agent_probed_chain(agent, 1, ptr::null(), ptr::null(), 1),
            device_agent_service_result(agent, ptr::null(), 1, 0),
        ]
    };
    assert_eq!(codes, [bad; 3]);
    program.cycle();
    program.stop();
}

#[test]
fn questions_for_anchors_that_make_no_sense_are_refused() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    let bad = DEVICE_AGENT_BAD_ARGUMENT;
    let ask = |held, form| program.anchors(held, c"iot-hub", form, &mut []);
    for (held, form) in [(3, 0), (-1, 0), (0, 2), (0, -1)] {
        assert_eq!(ask(held, form), (bad, usize::MAX), "and *needed stays what it was");
    }
    assert_eq!(program.anchor(3, c"iot-hub", 0, &mut [0]), (bad, usize::MAX));
    assert_eq!(program.anchors(0, c"\xff", 0, &mut []).0, bad);
    let (agent, mut needed, name) = (program.agent, [0_usize; 2], CString::new("iot-hub").unwrap());
    let misaligned = needed.as_mut_ptr().cast::<u8>().wrapping_add(1).cast();
    // SAFETY: each is refused for its NULL, or its address.
    let codes = unsafe {
        [
            device_agent_anchors(agent, 0, ptr::null(), 0, ptr::null_mut(), 0, needed.as_mut_ptr()),
            device_agent_anchors(agent, 0, name.as_ptr(), 0, ptr::null_mut(), 0, ptr::null_mut()),
            device_agent_anchors(agent, 0, name.as_ptr(), 0, ptr::null_mut(), 0, misaligned),
            device_agent_anchors(agent, 0, name.as_ptr(), 0, ptr::null_mut(), 9, needed.as_mut_ptr()),
            device_agent_anchor(agent, 0, name.as_ptr(), 0, ptr::null_mut(), 9, needed.as_mut_ptr()),
        ]
    };
    assert_eq!(codes, [bad; 5]);
    program.stop();
}

#[test]
fn every_code_and_reason_has_its_name() {
    let name = |code| {
        // SAFETY: a name is never NULL, and ends in a NUL.
        unsafe { CStr::from_ptr(device_agent_code_name(code)) }.to_str().unwrap()
    };
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| name(code.number())).collect();
    assert!(names.iter().all(|name| *name != "unknown"));
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), name(-99)), (Code::ALL.len(), "unknown"));
    for reason in Reason::ALL {
        // SAFETY: as above.
        let name = unsafe { CStr::from_ptr(device_agent_reason_name(reason.number())) };
        assert_eq!(name.to_str(), Ok(reason.name()));
    }
    assert_eq!(device_agent_abi_version(), DEVICE_AGENT_ABI_VERSION);
}

#[test]
fn an_application_without_callbacks_reaches_numeric_addresses() {
    let scene = Scene::new();
    let plain = Server::plain(&scene.tree, &scene.quiet);
    let urls = [
        c"https://nobody.example/".to_owned(),
        CString::new(format!("http://{}/", plain.address())).unwrap(),
    ];
    let pointers = urls.each_ref().map(|url| url.as_ptr());
    let mut setup = Setup::new(&scene);
    let mut config = setup.config();
    (config.urls, config.url_count) = (pointers.as_ptr(), pointers.len());
    let callbacks = &mut config.callbacks;
    (callbacks.unix_seconds, callbacks.resolve, callbacks.probe) = (None, None, None);
    (callbacks.changed, callbacks.report, callbacks.log) = (None, None, None);
    let (code, agent) = setup.start(&config);
    assert_eq!(code, DEVICE_AGENT_OK);
    let program = Program { agent, setup: Some(setup) };
    let seen = program.cycle();
    assert!(seen.unauthenticated && seen.release.number == 1, "{seen:?}");
    assert!(plain.take_requests().iter().any(|path| path == "prod/head"));
    program.stop();
}
