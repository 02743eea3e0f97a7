//! `POST /report`: one signed frame from one device, believed only under its enrolled key, acknowledged only
//! when it is on disk.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use bundle::limits::REPORT_BYTES_MAX;
use bundle::{Algorithm, Key, ReportFrame};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::answer::{method_not_allowed, plain};
use super::limits::{BODY_READ, RETRY_SECONDS};
use crate::clock;
use crate::fleet::{Directory, FleetError, NotStored, Received, Standing, Writer};

/// Takes reports: who is enrolled, and where reports go.
#[derive(Clone)]
pub(super) struct Intake {
    directory: Arc<Directory>,
    writer: Writer,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The queue is full, or the database refuses: the device may try again.
    Busy,
    /// Signed by the device, and says another device's id.
    DeviceMismatch,
    /// The signature is not the device's.
    Forged,
    /// Not a report frame, or one that does not decode.
    Malformed,
    /// Seen before, or older than what was seen.
    Replayed,
    /// On disk, or known already.
    Stored,
    /// Took too long to arrive.
    TimedOut,
    /// More bytes than a report has.
    TooLarge,
    /// Nobody of this key is enrolled.
    UnknownDevice,
}

impl Intake {
    /// Opens the database at `path` and starts its writer.
    pub(super) fn open(path: &Path) -> Result<Self, FleetError> {
        let directory = Arc::new(Directory::open(path)?);
        let (writer, thread) = Writer::start(path)?;
        Ok(Self { directory, writer, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Whether reports could not be stored lately.
    pub(super) fn failed(&self) -> bool {
        self.writer.failed()
    }

    /// Lets the writer end; returns when what was taken is on disk.
    pub(super) async fn finish(self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(self);
        if let Some(thread) = thread {
            // A writer that panicked has said so on standard error; there is nothing left to wait for.
            let _ = spawn_blocking(move || thread.join()).await;
        }
    }

    /// Judges one frame and stores it.
    pub(super) async fn receive(&self, frame: &[u8]) -> Outcome {
        match self.check(frame) {
            Err(outcome) => outcome,
            Ok(received) => match self.writer.store(received).await {
                Ok(Standing::Replayed) => Outcome::Replayed,
                Ok(_) => Outcome::Stored,
                Err(NotStored::Busy | NotStored::Failed) => Outcome::Busy,
            },
        }
    }

    /// Believes the frame under its holder's key, or says why not.
    fn check(&self, frame: &[u8]) -> Result<Received, Outcome> {
        let parsed = ReportFrame::parse(frame).map_err(|_| Outcome::Malformed)?;
        let holder = self.directory.holder(parsed.key_id()).map_err(|_| Outcome::Busy)?;
        let holder = holder.ok_or(Outcome::UnknownDevice)?;
        let key = Key { algorithm: Algorithm::ED25519, bytes: &holder.public_key, name: &holder.device };
        let report = parsed.verify(&key).map_err(|_| Outcome::Malformed)?.ok_or(Outcome::Forged)?;
        if report.device != holder.device {
            return Err(Outcome::DeviceMismatch);
        }
        let received_at = i64::try_from(clock::now().0).unwrap_or(i64::MAX);
        Ok(Received::new(&report, parsed.channel(), frame, received_at))
    }
}

/// The handler.
pub(super) async fn take(State(intake): State<Intake>, request: Request) -> Response {
    if request.method() != Method::POST {
        return method_not_allowed("POST");
    }
    let outcome = match body(request).await {
        Ok(frame) => intake.receive(&frame).await,
        Err(outcome) => outcome,
    };
    outcome.response()
}

async fn body(request: Request) -> Result<Bytes, Outcome> {
    let body = timeout(BODY_READ, to_bytes(request.into_body(), REPORT_BYTES_MAX)).await;
    body.map_err(|_| Outcome::TimedOut)?.map_err(|_| Outcome::TooLarge)
}

impl Outcome {
    /// Status and stable name; 204 is the only answer after which a device need not keep the report.
    const fn status(self) -> (StatusCode, &'static str) {
        match self {
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy\n"),
            Self::DeviceMismatch => (StatusCode::FORBIDDEN, "device_mismatch\n"),
            Self::Forged => (StatusCode::FORBIDDEN, "forged\n"),
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed\n"),
            Self::Replayed => (StatusCode::CONFLICT, "replayed\n"),
            Self::Stored => (StatusCode::NO_CONTENT, ""),
            Self::TimedOut => (StatusCode::REQUEST_TIMEOUT, "timed_out\n"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large\n"),
            Self::UnknownDevice => (StatusCode::FORBIDDEN, "unknown_device\n"),
        }
    }

    fn response(self) -> Response {
        let (status, name) = self.status();
        let mut response = plain(status, name, true);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self == Self::Busy {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        if self == Self::Stored {
            headers.remove(CONTENT_LENGTH);
            headers.remove(CONTENT_TYPE);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use bundle::write::{report_extensions, section};
    use bundle::{Applications, BehindApplication, Section};

    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};

    async fn outcome(frame: &[u8]) -> Outcome {
        let fleet = TestFleet::of([1, 2]);
        Intake::open(&fleet.path()).unwrap().receive(frame).await
    }

    #[tokio::test]
    async fn an_enrolled_devices_report_is_stored() {
        assert_eq!(outcome(&frame(1, &report("device-1", 1, 1))).await, Outcome::Stored);
    }

    #[test]
    fn a_device_that_cannot_be_served_now_is_told_when_to_come_back() {
        let response = Outcome::Busy.response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "30");
        assert!(Outcome::Forged.response().headers().get(RETRY_AFTER).is_none());
    }

    #[tokio::test]
    async fn a_device_that_is_not_enrolled_is_unknown() {
        assert_eq!(outcome(&frame(3, &report("device-3", 1, 1))).await, Outcome::UnknownDevice);
    }

    #[tokio::test]
    async fn a_forged_report_is_refused() {
        let mut forged = frame(1, &report("device-1", 1, 1));
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(outcome(&forged).await, Outcome::Forged);
        // The key id of one device over the signature of another.
        let mut stolen = frame(2, &report("device-1", 1, 1));
        let victim = frame(1, &report("device-1", 1, 1));
        stolen[13..21].copy_from_slice(&victim[13..21]);
        assert_eq!(outcome(&stolen).await, Outcome::Forged);
    }

    #[tokio::test]
    async fn a_device_speaks_for_itself_alone() {
        assert_eq!(outcome(&frame(2, &report("device-1", 1, 1))).await, Outcome::DeviceMismatch);
    }

    #[tokio::test]
    async fn a_report_for_another_channel_does_not_carry_its_signature() {
        let mut moved = frame(1, &report("device-1", 1, 1));
        moved[5] ^= 1;
        assert_eq!(outcome(&moved).await, Outcome::Forged);
    }

    #[tokio::test]
    async fn every_cut_of_a_frame_is_malformed() {
        let fleet = TestFleet::of([1]);
        let intake = Intake::open(&fleet.path()).unwrap();
        let whole = frame(1, &report("device-1", 1, 1));
        for length in 0..whole.len() {
            assert_eq!(intake.receive(&whole[..length]).await, Outcome::Malformed, "{length} bytes");
        }
        let long = [whole.as_slice(), b"x"].concat();
        assert_eq!(intake.receive(&long).await, Outcome::Malformed);
    }

    #[tokio::test]
    async fn what_is_said_of_applications_is_stored_and_nonsense_about_them_is_malformed() {
        let fleet = TestFleet::of([1]);
        let intake = Intake::open(&fleet.path()).unwrap();
        let behind =
            BehindApplication { name: "web", outcome: 20, release_number: 7, attempts: 1, still_trusts: 2 };
        let behind = section([behind]);
        let behind = Section::from_bytes(&behind);
        for (declared, expected) in [(2, Outcome::Stored), (0, Outcome::Malformed)] {
            let extensions = report_extensions(Some(&Applications { declared, well: 0, behind }), None);
            let mut report = report("device-1", 1, u32::from(declared));
            report.extensions = Section::from_bytes(&extensions);
            assert_eq!(intake.receive(&frame(1, &report)).await, expected);
        }
        intake.finish().await;
        let stored = "SELECT name, still_trusts, applications_declared FROM application JOIN report ON number = report_number";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u16>(1)?, row.get::<_, u8>(2)?))
        };
        let stored = fleet.connection().query_row(stored, [], read).unwrap();
        assert_eq!(stored, ("web".to_owned(), 2, 2));
    }

    #[tokio::test]
    async fn a_replay_is_refused_and_a_retry_is_not() {
        let fleet = TestFleet::of([1]);
        let intake = Intake::open(&fleet.path()).unwrap();
        let (first, second) = (frame(1, &report("device-1", 1, 1)), frame(1, &report("device-1", 1, 2)));
        assert_eq!(intake.receive(&first).await, Outcome::Stored);
        assert_eq!(intake.receive(&second).await, Outcome::Stored);
        assert_eq!(intake.receive(&second).await, Outcome::Stored);
        assert_eq!(intake.receive(&first).await, Outcome::Replayed);
    }

    #[tokio::test]
    async fn a_device_enrolled_while_the_server_runs_is_known_at_once() {
        let fleet = TestFleet::of([1]);
        let intake = Intake::open(&fleet.path()).unwrap();
        let report = frame(2, &report("device-2", 1, 1));
        assert_eq!(intake.receive(&report).await, Outcome::UnknownDevice);
        crate::fleet::enrol(&mut fleet.connection(), &[crate::fleet::kit::device(2)], false, 1).unwrap();
        assert_eq!(intake.receive(&report).await, Outcome::Stored);
    }

    #[tokio::test]
    async fn what_was_taken_is_on_disk_when_the_intake_is_finished() {
        let fleet = TestFleet::of([1]);
        let intake = Intake::open(&fleet.path()).unwrap();
        let probes = write_probes();
        let mut report = report("device-1", 1, 1);
        report.probes = Section::from_bytes(&probes);
        assert_eq!(intake.receive(&frame(1, &report)).await, Outcome::Stored);
        intake.finish().await;
        let count = "SELECT count(*) FROM probe";
        let count: i64 = fleet.connection().query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }

    fn write_probes() -> Vec<u8> {
        // endpoint "hub:443", verified, refused, reason 3: as postcard writes it.
        [&[7_u8][..], b"hub:443", &[0, 1, 3]].concat()
    }
}
