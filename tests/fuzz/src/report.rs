//! Reports: the frame, and bodies that the device's key truly signed.

use bundle::{ChannelId, Key, PROBE_RESULTS_MAX, Report, ReportFrame, limits, write};
use ed25519_dalek::Signer as _;

use crate::{
    fleet::{self, DEVICE},
    input::{cuts, selector},
};

/// Bytes of a frame around its body.
const FRAME_BYTES: usize = 4 + 1 + 8 + 8 + 2 + 64;

/// A frame, or a body that is signed.
///
/// # Panics
/// Where a report is believed that was not signed, or has another form than the one it was read from.
pub fn report(input: &[u8]) {
    let (selector, rest) = selector(input);
    if selector % 2 == 0 {
        frame(rest);
    } else if rest.len() + FRAME_BYTES <= limits::REPORT_BYTES_MAX && body(rest) {
        for cut in cuts(rest.len()).take(8) {
            assert!(!body(rest.split_at(cut).0), "cut at {cut}");
        }
    }
}

fn frame(bytes: &[u8]) {
    let device = fleet::public_key(DEVICE);
    let Ok(frame) = ReportFrame::parse(bytes) else { return };
    assert!(bytes.len() <= limits::REPORT_BYTES_MAX);
    for cut in cuts(bytes.len()) {
        assert!(ReportFrame::parse(bytes.split_at(cut).0).is_err_and(|error| error.is_truncated()));
    }
    if let Ok(Some(report)) = frame.verify(&device.as_key()) {
        let (_, signature) = bytes.split_last_chunk::<64>().expect("a frame ends with it");
        let written = write::report_frame(frame.channel(), frame.key_id(), &report, signature);
        assert_eq!(written, bytes, "a report that is read and written again is the same");
        let mut changed = bytes.to_vec();
        for place in cuts(bytes.len()) {
            let byte = changed.get_mut(place).expect("within it");
            *byte ^= 1;
            let spoilt = ReportFrame::parse(&changed).map(|frame| frame.verify(&device.as_key()));
            assert!(!matches!(spoilt, Ok(Ok(Some(_)))), "byte {place} was changed");
            if let Some(byte) = changed.get_mut(place) {
                *byte ^= 1;
            }
        }
    }
}

/// True where a signed frame of this body is a report.
fn body(body: &[u8]) -> bool {
    let (device, channel) = (fleet::public_key(DEVICE), fleet::channel());
    let key: Key<'_> = device.as_key();
    let message = [b"trust-bundle report v1\0", &channel.0[..], body].concat();
    let signature = fleet::signing_key(DEVICE).sign(&message).to_bytes();
    let length = u16::try_from(body.len()).expect("a report is short").to_le_bytes();
    let frame = [b"TBRP", &[1][..], &channel.0, &key.id().0, &length, body, &signature].concat();
    let read = ReportFrame::parse(&frame).expect("a frame that was just made");
    assert!(matches!(read.verify(&fleet::public_key(1).as_key()), Ok(None)), "another key");
    let Ok(report) = read.verify(&key) else { return false };
    let report = report.expect("a true signature");
    assert_eq!(write::report_frame(channel, key.id(), &report, &signature), frame);
    within_limits(&report);
    elsewhere(&report, channel);
    true
}

fn within_limits(report: &Report<'_>) {
    assert!((1..=limits::DEVICE_ID_BYTES_MAX).contains(&report.device.len()));
    assert!(report.probes.count() <= PROBE_RESULTS_MAX);
    assert!(report.probes.iter().all(|probe| probe.present <= 2 && probe.candidate <= 2));
    if let Some(applications) = report.applications().expect("it was read before") {
        let (well, behind) = (usize::from(applications.well), applications.behind.count());
        assert!(well + behind <= usize::from(applications.declared));
        assert!(usize::from(applications.declared) <= limits::APPLICATIONS_MAX);
    }
    if let Some(census) = report.census().expect("it was read before") {
        let seen = census.observed.iter();
        assert!(seen.clone().all(|seen| (1..=limits::CENSUS_ANCHORS_MAX).contains(&seen.anchors().count())));
        assert!(seen.count() <= limits::CENSUS_ENTRIES_MAX);
        assert!(usize::from(census.services) <= limits::SERVICES_MAX);
    }
}

/// A report is no report to another channel.
fn elsewhere(report: &Report<'_>, channel: ChannelId) {
    let mine = write::report_message(channel, report);
    assert_ne!(write::report_message(ChannelId::of("another"), report), mine);
}
