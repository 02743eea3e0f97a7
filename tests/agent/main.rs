//! The Linux driver against real servers on loopback: whole cycles of the production code.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up stops its test")]

mod answers;
mod applications;
mod command_line;
mod images;
mod lab;
mod probes;
mod process;
mod requests;
mod requirements;
mod rotation_2020;

use lab::{Lab, Root, block_on};

use device_agent::Reason;
use device_agent::linux::clock::Clock;
use device_agent::linux::driver::{ActivityRecord, Session};
use device_agent::linux::output::Output;

#[test]
fn nothing_new_is_found_out_over_authenticated_tls_alone() {
    let lab = Lab::new();
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::UpToDate), 0), "{:?}", ended.record);
    assert_eq!(ended.record.transport.as_deref(), Some("authenticated"));
    assert!(lab.plain.take_requests().is_empty(), "TLS worked, so plain HTTP is not asked");
    assert!(lab.tls.take_requests().iter().any(|request| request.path == "prod/head"));
}

#[test]
fn a_new_release_is_probed_installed_exported_and_confirmed_in_one_cycle() {
    let mut lab = Lab::new();
    lab.cycle();
    lab.publish(&[Root::Old, Root::New]);
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::Confirmed), 0), "{:?}", ended.record);
    let probe = &ended.record.probes[0];
    assert_eq!((probe.endpoint.as_str(), probe.candidate.as_deref()), ("hub.test:443", Some("verified")));
    assert_eq!(lab.exported("services/hub.pem").matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(lab.exported("whole.pem").matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!((lab.mode("whole.pem"), lab.mode("services")), (0o644, 0o755));
    assert_eq!(ActivityRecord::read(&ActivityRecord::path(&lab.settings())), Some(ended.record));
}

#[test]
fn a_release_that_would_lose_a_service_is_refused_and_nothing_is_exported_of_it() {
    let mut lab = Lab::new();
    lab.cycle();
    lab.publish(&[Root::New]);
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::ProbeRegression), 1), "{:?}", ended.record);
    let probe = &ended.record.probes[0];
    assert_eq!((probe.present.as_deref(), probe.candidate.as_deref()), (Some("verified"), Some("chain")));
    assert!(lab.exported("version.json").contains("\"release\""));
    assert_eq!(lab.exported("whole.pem").matches("BEGIN CERTIFICATE").count(), 1);
}

#[test]
fn a_server_that_has_already_moved_does_not_keep_the_new_root_out() {
    let mut lab = Lab::new();
    lab.hub.switch(&lab.vendor.new_identity("hub.test")).unwrap();
    lab.publish(&[Root::Old, Root::New]);
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
    let probe = &ended.record.probes[0];
    assert_eq!((probe.present.as_deref(), probe.candidate.as_deref()), (Some("chain"), Some("verified")));
}

#[test]
fn with_every_tls_root_dead_the_signed_path_still_works() {
    let mut lab = Lab::new();
    let strange = system_tests::pki::Vendor::new();
    lab.tls = system_tests::web::Web::tls(lab.tree.clone(), &strange.old_identity("updates.test")).unwrap();
    lab.publish(&[Root::Old, Root::New]);
    let ended = lab.cycle();
    assert_eq!(ended.reason, Some(Reason::Confirmed), "{:?}", ended.record);
    assert_eq!(ended.record.transport.as_deref(), Some("unauthenticated"));
    assert!(
        ended.record.notes[0].starts_with("https://updates.test/prod/head: "),
        "{:?}",
        ended.record.notes
    );
    let asked = lab.tls.take_requests().len() + lab.plain.take_requests().len();
    assert!(asked >= 2);
}

#[test]
fn where_signed_only_transport_is_refused_a_dead_tls_root_is_a_network_failure() {
    let mut lab = Lab::new();
    lab.refuse_signed_only();
    let strange = system_tests::pki::Vendor::new();
    lab.tls = system_tests::web::Web::tls(lab.tree.clone(), &strange.old_identity("updates.test")).unwrap();
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::Unreachable), 5));
    assert!(lab.plain.take_requests().is_empty() && lab.tls.take_requests().is_empty());
}

#[test]
fn a_release_comes_from_a_file_without_any_network() {
    let mut lab = Lab::new();
    lab.publish(&[Root::Old, Root::New]);
    let usb = lab.usb(2);
    let settings = lab.settings();
    let session = Session::new(&settings, Clock::new(None), Output::new(true));
    let ended = block_on(session.install(&usb)).unwrap();
    assert_eq!(ended.exit.number(), 0, "{:?}", ended.record);
    assert_eq!(lab.exported("whole.pem").matches("BEGIN CERTIFICATE").count(), 2);
    assert!(lab.tls.take_requests().is_empty() && lab.plain.take_requests().is_empty());
}

#[test]
fn a_second_agent_on_the_same_store_is_refused() {
    let lab = Lab::new();
    lab.cycle();
    let held = store::file::StoreFile::open(&lab.path("store")).unwrap();
    let error = lab.try_cycle().unwrap_err();
    assert_eq!(error.exit().number(), 5);
    assert!(error.advice().is_some_and(|hint| hint.contains("another device-agent")), "{error}");
    drop(held);
    lab.cycle();
}

#[test]
fn exports_that_cannot_be_made_are_no_success() {
    let lab = Lab::new();
    std::fs::File::create(lab.path("trust")).unwrap();
    let ended = lab.cycle();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::UpToDate), 5), "{:?}", ended.record);
    assert!(ended.record.export_pending);
    std::fs::remove_file(lab.path("trust")).unwrap();
    assert_eq!(lab.cycle().exit.number(), 0);
    assert_eq!(lab.exported("whole.pem").matches("BEGIN CERTIFICATE").count(), 1);
}

#[test]
fn observe_mode_probes_and_exports_nothing() {
    let mut lab = Lab::new();
    lab.publish(&[Root::Old, Root::New]);
    let mut settings = lab.settings();
    settings.mode = device_agent::Mode::Observe;
    let session = Session::new(&settings, Clock::new(None), Output::new(true));
    let ended = block_on(session.once()).unwrap();
    assert_eq!((ended.reason, ended.exit.number()), (Some(Reason::Observed), 0), "{:?}", ended.record);
    assert!(!lab.path("trust").exists());
}
