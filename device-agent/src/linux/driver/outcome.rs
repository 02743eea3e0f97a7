//! How a cycle ended, for people and for exit codes.

use std::fmt::Write as _;

use super::image::Image;
use crate::linux::error::Exit;
use crate::linux::trust::Trust;
use crate::{Reason, service_endpoints};

/// What to say instead of the reason's own words where a release was taken although nothing was probed.
pub(super) fn unprobed(reason: Option<Reason>, trust: &Trust, image: &Image<'_>) -> Option<String> {
    let start = match reason? {
        Reason::Confirmed => "confirmed without a probe",
        Reason::Observed => "verified and staged without a probe, and not installed in observe mode",
        Reason::OfflineFreshnessUnknown => "installed offline without a probe, freshness unknown",
        _ => return None,
    };
    let mut words = format!("{start}: no endpoint to probe");
    let installed = trust.installed().ok();
    let manifest = installed.as_ref().and_then(|installed| installed.manifest().ok());
    let services = manifest.iter().flat_map(bundle::Manifest::services).filter(|service| service.probe);
    for service in services.filter(|service| service_endpoints(*service, image.hosts()).next().is_none()) {
        // A text cannot be too long to be written.
        let _written = write!(
            words,
            "; name this device's hosts under [services.{}] hosts = [\"\u{2026}\"]",
            service.name
        );
    }
    Some(words)
}

/// The exit code of a command that ran one cycle with this result. Whoever reads files is not served by a release that
/// is only in the store.
pub(super) fn exit(reason: Option<Reason>, is_stale: bool, export_pending: bool) -> Exit {
    match reason {
        Some(reason) if reason.is_network() => Exit::Io,
        Some(Reason::StoreFailed | Reason::StoreMismatch) => Exit::Io,
        Some(Reason::HeadUnsigned | Reason::KeyringRefused | Reason::ReleaseUnsigned) => Exit::Signatures,
        Some(
            Reason::FileMalformed
            | Reason::FileNotNewer
            | Reason::FileWithdrawn
            | Reason::HeadMalformed
            | Reason::HeadOfOtherChannel
            | Reason::ReleaseMalformed
            | Reason::ReleaseOfOtherChannel
            | Reason::ReleaseMismatch
            | Reason::CertificateMismatch,
        ) => Exit::BadInput,
        _ if export_pending => Exit::Io,
        _ if is_stale => Exit::Finding,
        None
        | Some(
            Reason::UpToDate
            | Reason::OnTrial
            | Reason::Confirmed
            | Reason::Observed
            | Reason::NotInShare
            | Reason::OfflineFreshnessUnknown,
        ) => Exit::Done,
        Some(_) => Exit::Finding,
    }
}
