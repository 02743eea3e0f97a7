//! What a program sees of a rotation through the C interface.

use std::sync::atomic::{AtomicBool, Ordering};

use bundle::{ChannelId, Order};
use device_agent::Reason;
use device_agent_c::answers::{DEVICE_AGENT_INCONCLUSIVE, DEVICE_AGENT_REFUSED, DEVICE_AGENT_VERIFIED};
use device_agent_c::bundles::{
    DEVICE_AGENT_CANDIDATE, DEVICE_AGENT_DER, DEVICE_AGENT_INSTALLED, DEVICE_AGENT_PEM, DEVICE_AGENT_PRESENT,
};
use device_agent_c::code::{
    DEVICE_AGENT_BUFFER_TOO_SMALL, DEVICE_AGENT_NO_BUNDLE, DEVICE_AGENT_OK, DEVICE_AGENT_UNKNOWN_SERVICE,
    DEVICE_AGENT_UNKNOWN_TICKET,
};
use device_agent_c::snapshot::DeviceAgentSnapshot;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use system_tests::tls_service::ALL_VERSIONS;

use crate::program::{Program, snapshot};
use crate::scene::{HUB, Scene, UPDATES};

fn release(seen: &DeviceAgentSnapshot) -> (Option<Reason>, u32, u8) {
    (Reason::from_number(seen.reason), seen.release.number, seen.phase)
}

/// The anchors of the service in this form.
fn read(program: &Program, form: i32) -> Vec<u8> {
    let (code, needed) = program.anchors(DEVICE_AGENT_INSTALLED, c"iot-hub", form, &mut []);
    assert_eq!(code, DEVICE_AGENT_BUFFER_TOO_SMALL);
    let mut buffer = vec![0xaa; needed];
    let read = program.anchors(DEVICE_AGENT_INSTALLED, c"iot-hub", form, &mut buffer);
    assert_eq!(read, (DEVICE_AGENT_OK, needed));
    buffer
}

/// The anchors are these in every form.
fn check_anchors(program: &Program, expect: &[&CertificateDer<'_>]) {
    let pem = read(program, DEVICE_AGENT_PEM);
    assert_eq!(pem.iter().position(|byte| *byte == 0), Some(pem.len() - 1), "one NUL, at the end");
    let text = str::from_utf8(&pem[..pem.len() - 1]).unwrap();
    let mut is_inside = false;
    for line in text.lines() {
        let (begins, ends) = (line == "-----BEGIN CERTIFICATE-----", line == "-----END CERTIFICATE-----");
        assert!(is_inside != begins, "a comment: {line}");
        is_inside = begins || (is_inside && !ends);
        assert!(line.len() <= 64 && line.is_ascii(), "{line}");
    }
    let parsed: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(text.as_bytes()).map(Result::unwrap).collect();
    let mut ders: Vec<&[u8]> = expect.iter().map(|der| der.as_ref()).collect();
    ders.sort_by_key(|der| bundle::Sha256::of(&[der]));
    let mut found: Vec<&[u8]> = parsed.iter().map(AsRef::as_ref).collect();
    assert_eq!(read(program, DEVICE_AGENT_DER), found.concat(), "the same in the same order");
    for (index, der) in found.iter().enumerate() {
        let mut buffer = vec![0; der.len()];
        let one = program.anchor(DEVICE_AGENT_INSTALLED, c"iot-hub", index, &mut buffer);
        assert_eq!((one, buffer.as_slice()), ((DEVICE_AGENT_OK, der.len()), *der));
    }
    let past = program.anchor(DEVICE_AGENT_INSTALLED, c"iot-hub", found.len(), &mut [0]);
    assert_eq!(past, (DEVICE_AGENT_OK, 0));
    found.sort_by_key(|der| bundle::Sha256::of(&[der]));
    assert!(found == ders, "{} anchors", found.len());
}

#[test]
fn a_rotation_reaches_an_application_without_a_restart() {
    let mut scene = Scene::new();
    let program = Program::start(&scene);
    assert_eq!(release(&snapshot()), (None, 1, 0), "the seed, before the first check");
    check_anchors(&program, &[scene.old_root()]);
    scene.publish_both();
    let seen = program.cycle();
    assert_eq!(release(&seen), (Some(Reason::Confirmed), 2, 1), "{:?}", program.application().lines.borrow());
    assert!(!seen.unauthenticated && !seen.stale && !seen.clock_unknown);
    assert_eq!(program.application().changes.borrow().last(), Some(&seen.generation));
    check_anchors(&program, &[scene.old_root(), scene.new_root()]);
    let setup = program.stop();

    // The service and the servers move, and the old root goes.
    scene.hub.switch(&scene.vendor.new_identity(HUB)).unwrap();
    for (server, host) in scene.servers.iter().zip(UPDATES) {
        server.identify(&scene.vendor.new_identity(host), ALL_VERSIONS);
    }
    scene.publish_new();
    let program = setup.run();
    assert_eq!(snapshot().release.number, 2, "the store is read at the start");
    let seen = program.cycle();
    assert_eq!(release(&seen), (Some(Reason::Confirmed), 3, 1), "{:?}", program.application().lines.borrow());
    check_anchors(&program, &[scene.new_root()]);
    program.stop();
}

#[test]
fn how_many_bytes_are_needed_is_said_whatever_the_buffer() {
    let scene = Scene::new();
    let program = Program::start(&scene);
    for form in [DEVICE_AGENT_PEM, DEVICE_AGENT_DER] {
        let whole = read(&program, form);
        for length in [1, whole.len() - 1] {
            let mut buffer = vec![0; length];
            let short = program.anchors(DEVICE_AGENT_INSTALLED, c"iot-hub", form, &mut buffer);
            assert_eq!(short, (DEVICE_AGENT_BUFFER_TOO_SMALL, whole.len()));
        }
        let mut buffer = vec![0xaa; whole.len() + 8];
        let long = program.anchors(DEVICE_AGENT_INSTALLED, c"iot-hub", form, &mut buffer);
        assert_eq!(long, (DEVICE_AGENT_OK, whole.len()));
        assert!(buffer.starts_with(&whole) && buffer.ends_with(&[0xaa; 8]), "what is behind stays as it was");
    }
    let ask = |held, service| program.anchors(held, service, DEVICE_AGENT_PEM, &mut []).0;
    assert_eq!(ask(DEVICE_AGENT_INSTALLED, c"nobody"), DEVICE_AGENT_UNKNOWN_SERVICE);
    assert_eq!(ask(DEVICE_AGENT_PRESENT, c"iot-hub"), DEVICE_AGENT_BUFFER_TOO_SMALL);
    assert_eq!(ask(DEVICE_AGENT_CANDIDATE, c"iot-hub"), DEVICE_AGENT_NO_BUNDLE);
    program.stop();
}

#[test]
fn a_release_that_loses_a_service_changes_nothing_for_applications() {
    let mut scene = Scene::new();
    let program = Program::start(&scene);
    scene.publish_new();
    let seen = program.cycle();
    assert_eq!(release(&seen), (Some(Reason::ProbeRegression), 1, 0));
    check_anchors(&program, &[scene.old_root()]);
    program.stop();
}

/// Runs a cycle whose probes the application makes, answering each with `answer`, and stops; what it came to.
fn probed(scene: &mut Scene, answer: impl Fn(&Program, u32) -> i32) -> (Option<Reason>, u32, u8) {
    let program = Program::start(scene);
    program.application().probes_itself.set(true);
    let seen = program.cycle_with(|program| {
        let probes = std::mem::take(&mut *program.application().probes.borrow_mut());
        for (ticket, endpoint) in &probes {
            assert_eq!(*endpoint, format!("iot-hub {HUB}:{}", scene.hub.address().port()));
            assert_eq!(answer(program, ticket + 1), DEVICE_AGENT_UNKNOWN_TICKET);
            assert_eq!(answer(program, *ticket), DEVICE_AGENT_OK);
        }
        !probes.is_empty()
    });
    assert_eq!(answer(&program, 1), DEVICE_AGENT_UNKNOWN_TICKET, "too late");
    program.stop();
    release(&seen)
}

#[test]
fn an_application_probes_with_its_own_stack() {
    let mut scene = Scene::new();
    scene.publish_both();
    let chain = scene.vendor.old_identity(HUB).chain;
    let ders: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
    let by_chain = probed(&mut scene, |program, ticket| program.probed_chain(ticket, &ders));
    assert_eq!(by_chain, (Some(Reason::Confirmed), 2, 1));
    let mut verdicts =
        |present, candidate| probed(&mut scene, |program, ticket| program.probed(ticket, present, candidate));
    assert_eq!(verdicts(DEVICE_AGENT_VERIFIED, DEVICE_AGENT_VERIFIED), (Some(Reason::Confirmed), 2, 1));
    assert_eq!(verdicts(DEVICE_AGENT_VERIFIED, DEVICE_AGENT_REFUSED), (Some(Reason::ProbeRegression), 1, 0));
    let silent = verdicts(DEVICE_AGENT_INCONCLUSIVE, DEVICE_AGENT_INCONCLUSIVE);
    assert_eq!(silent, (Some(Reason::OnTrial), 2, 2));
}

#[test]
fn a_service_result_confirms_a_trial() {
    let mut scene = Scene::new();
    scene.publish_both();
    let program = Program::start(&scene);
    program.application().probes_itself.set(true);
    let silent = |program: &Program| {
        let probes = std::mem::take(&mut *program.application().probes.borrow_mut());
        for (ticket, _) in &probes {
            program.probed(*ticket, DEVICE_AGENT_INCONCLUSIVE, DEVICE_AGENT_INCONCLUSIVE);
        }
        !probes.is_empty()
    };
    let seen = program.cycle_with(silent);
    assert_eq!(release(&seen), (Some(Reason::OnTrial), 2, 2));
    let tell = |service, generation| program.service_result(service, generation, DEVICE_AGENT_VERIFIED);
    assert_eq!(tell(c"nobody", seen.generation), DEVICE_AGENT_UNKNOWN_SERVICE);
    assert_eq!(tell(c"iot-hub", seen.generation - 1), DEVICE_AGENT_OK, "of no weight: made with the old set");
    assert_eq!(snapshot().phase, 2);
    assert_eq!(tell(c"iot-hub", seen.generation), DEVICE_AGENT_OK);
    assert_eq!(program.cycle_with(silent).phase, 1);
    program.stop();
}

#[test]
fn reports_are_the_bytes_that_a_key_signs() {
    let mut scene = Scene::new();
    scene.publish_both();
    let program = Program::start(&scene);
    program.cycle();
    let reports = program.application().reports.borrow().clone();
    let [(_, bytes)] = reports.as_slice() else { panic!("{} reports", reports.len()) };
    crate::probes::check_report(bytes, |report| {
        assert_eq!((report.device, report.release()), ("board-1", Order::new(0, 2)));
        assert_eq!(report.census().unwrap(), None, "nobody asked for it");
    });
    assert!(bytes[23..].starts_with(&ChannelId::of("prod").0));
    program.stop();
}

/// Ends the reader, also where the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn any_thread_reads_a_state_of_one_moment_while_the_agent_steps() {
    let mut scene = Scene::new();
    scene.publish_both();
    let (program, is_over) = (Program::start(&scene), AtomicBool::new(false));
    let first = snapshot();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut states = vec![first];
            while !is_over.load(Ordering::Acquire) {
                let seen = snapshot();
                if states.last() != Some(&seen) {
                    states.push(seen);
                }
            }
            states
        });
        let over = Over(&is_over);
        let last = program.cycle();
        drop(over);
        let states = reader.join().unwrap();
        for pair in states.windows(2) {
            assert!(pair[0].generation <= pair[1].generation && pair[0].cycles <= pair[1].cycles, "{pair:?}");
        }
        // A release, its phase and the generation change together.
        for seen in &states {
            assert_eq!(seen.release.number == 2, seen.generation > first.generation, "{seen:?}");
            assert_eq!(seen.release.number == 2, seen.phase > 0, "{seen:?}");
        }
        assert_eq!(last.release.number, 2);
    });
    program.stop();
}

#[test]
fn an_agent_that_is_stopped_at_whatever_moment_leaves_a_whole_store() {
    let mut scene = Scene::new();
    scene.publish_both();
    let mut is_over = false;
    for steps in (0..).step_by(5).take_while(|steps| *steps < 2_000) {
        if is_over {
            return;
        }
        let program = Program::start(&scene);
        is_over = program.steps(steps, |_| false).is_some();
        let seen = snapshot();
        let anchors = read(&program, DEVICE_AGENT_DER).len();
        let program = program.stop().run();
        let again = snapshot();
        assert_eq!((again.release, again.phase), (seen.release, seen.phase), "after {steps} steps");
        assert_eq!(read(&program, DEVICE_AGENT_DER).len(), anchors, "after {steps} steps");
        let seen = program.cycle();
        assert_eq!((seen.release.number, seen.phase), (2, 1), "after {steps} steps");
        program.stop();
    }
    panic!("the cycle does not end");
}

#[test]
fn a_step_never_waits_and_says_what_to_wait_for() {
    let scene = Scene::new();
    let mute = crate::server::Server::plain(&scene.tree, &scene.quiet);
    mute.behave(crate::server::Manner::Mute(crate::server::Then::Silence));
    let mut setup = crate::program::Setup::new(&scene);
    let url = std::ffi::CString::new(format!("https://{}/", mute.address())).unwrap();
    let urls = [url.as_ptr()];
    let mut config = setup.config();
    (config.urls, config.url_count) = (urls.as_ptr(), 1);
    let (code, agent) = setup.start(&config);
    assert_eq!(code, DEVICE_AGENT_OK);
    let program = Program { agent, setup: Some(setup) };
    let mut waits = 0_u32;
    for _ in 0..10_000 {
        if program.step() == DEVICE_AGENT_OK {
            // Stepping on without waiting does no harm, and is answered at once: nobody here sleeps.
            let wait = program.wait_for();
            assert!(wait.fd >= 0 && (wait.readable || wait.writable) && wait.timeout_milliseconds <= 30_000);
            waits += 1;
        }
    }
    assert!(waits > 9_000, "{waits}");
    assert_eq!(snapshot().cycles, 0);
    program.stop();
}
