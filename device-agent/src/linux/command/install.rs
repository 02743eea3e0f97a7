//! `device-agent install FILE`: a release brought by hand, verified like any other.

use std::path::PathBuf;

use bundle::{Envelope, Manifest, ParseError, ParseErrorKind, Sha256, Usb, VerifyError};
use clap::Args;

use super::run::{answer, block_on};
use crate::limits;
use crate::linux::cli::Context;
use crate::linux::driver::{Session, read_file};
use crate::linux::error::{Error, Exit};

/// The file.
#[derive(Debug, Args)]
pub(in crate::linux) struct InstallArgs {
    /// A file made with: cloud-updater export usb
    file: PathBuf,
}

pub(in crate::linux) fn run(args: &InstallArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let file = read_file(&args.file, u64::from(limits::FILE_BYTES_MAX))?;
    // What is no whole USB file is named with what is wrong with it, before anything is opened.
    check(&file).map_err(|error| error.file(&args.file))?;
    let session = Session::new(&settings, context.clock(), context.output);
    let ended = block_on(session.install(&file))?;
    answer(&ended, context, Some(&args.file))
}

/// Checks that the file is whole: every body by the SHA-256 in its header, every certificate by the one in the
/// manifest. Whether anybody signed it is for the engine to say.
fn check(file: &[u8]) -> Result<(), Error> {
    let malformed = |error: ParseError| {
        let message = "is not a USB file of this product";
        let error_of_ours = Error::input("file_malformed", message);
        if matches!(error.kind, ParseErrorKind::Magic) { error_of_ours } else { error_of_ours.because(error) }
    };
    let usb = Usb::parse(file).map_err(malformed)?;
    let mut rest = usb.keyrings;
    while !rest.is_empty() {
        let (envelope, after) = Envelope::parse(rest).map_err(malformed)?;
        check_body(&envelope).map_err(|error| damaged("keyring", error))?;
        rest = after;
    }
    let envelope = Envelope::parse_whole(usb.manifest_document).map_err(malformed)?;
    check_body(&envelope).map_err(|error| damaged("manifest", error))?;
    let manifest = Manifest::restored(usb.manifest_document, envelope.digest())
        .map_err(|error| damaged("manifest", error))?;
    manifest.verify_blobs(usb.blobs).map_err(|error| damaged("certificates", error))
}

fn check_body(envelope: &Envelope<'_>) -> Result<(), VerifyError> {
    let found = Sha256::of(&[envelope.body()]);
    let is_signed = envelope.header().body_sha256.is_none_or(|signed| signed == found);
    if is_signed { Ok(()) } else { Err(VerifyError::BodyDigest) }
}

fn damaged(field: &str, error: VerifyError) -> Error {
    let (code, message) = match error {
        VerifyError::BodyDigest if field == "certificates" => {
            ("certificate_mismatch", "a certificate is not the one that was signed (its SHA-256 differs)")
        }
        VerifyError::BodyLength if field == "certificates" => {
            ("file_malformed", "they are not the ones that were signed (their length differs)")
        }
        VerifyError::BodyDigest => {
            ("body_digest", "the body is not the one that was signed (its SHA-256 differs)")
        }
        _ => ("file_malformed", "cannot be read"),
    };
    let told = Error::input(code, message).field(field);
    let told = if code == "file_malformed" { told.because(error) } else { told };
    told.hint("copy the file again, and look at it with: cloud-updater verify FILE")
}
