//! The anchors of a service, in the forms that TLS stacks read.

use core::ffi::c_char;

use device_agent::Held;
use device_agent::mt3620::{self, AnchorsError, Form};

use crate::argument::{buffer, text};
use crate::instance::Entered;
use crate::{Code, DeviceAgent};

/// What applications trust.
pub const DEVICE_AGENT_INSTALLED: i32 = 0;
/// The bundle in use; in a trial, the one to go back to.
pub const DEVICE_AGENT_PRESENT: i32 = 1;
/// The bundle on its way, or on trial.
pub const DEVICE_AGENT_CANDIDATE: i32 = 2;

/// PEM without comments, NUL-terminated: CURLOPT_CAINFO_BLOB, wolfSSL_CTX_load_verify_buffer with
/// WOLFSSL_FILETYPE_PEM, mbedtls_x509_crt_parse (with the NUL), OPTION_TRUSTED_CERT.
pub const DEVICE_AGENT_PEM: i32 = 0;
/// Certificates in DER, back to back: wolfSSL_CTX_load_verify_chain_buffer_format and parsers that read on.
pub const DEVICE_AGENT_DER: i32 = 1;

/// Writes the anchors of a service into `buffer`, and how many bytes they have in all into *needed: with PEM its NUL
/// included. With DEVICE_AGENT_BUFFER_TOO_SMALL the buffer's content is of no use; ask with a NULL buffer for the
/// length alone.
///
/// An anchor that is denied, that is not for TLS servers, or whose constraints the form cannot carry is left out.
/// A service's policy ("unexportable") is not read on small boards: it lets nothing more out, and keeps nothing else in.
/// DEVICE_AGENT_AGAIN where the arena has no room now: ask again after another step.
///
/// # Safety
/// `agent` came from device_agent_start; `service` is a NUL-terminated string; `buffer` points to `buffer_bytes`
/// bytes, and `needed` to a place for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_anchors(
    agent: *mut DeviceAgent,
    bundle: i32,
    service: *const c_char,
    format: i32,
    buffer: *mut u8,
    buffer_bytes: usize,
    needed: *mut usize,
) -> i32 {
    let form = match format {
        DEVICE_AGENT_PEM => Form::Pem,
        DEVICE_AGENT_DER => Form::Der,
        _ => return Code::BadArgument.number(),
    };
    // SAFETY: the caller's string, buffer and place.
    unsafe {
        fill(agent, bundle, service, (buffer, buffer_bytes), needed, |agent, held, service, into| {
            mt3620::anchors(agent.driver.agent_mut(), held, service, form, into)
        })
    }
}

/// Writes one anchor of a service in DER into `buffer`, by its place from 0 on, and its length into *needed: zero past
/// the last one. For stacks that are given one certificate at a time.
///
/// # Safety
/// As [`device_agent_anchors`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_anchor(
    agent: *mut DeviceAgent,
    bundle: i32,
    service: *const c_char,
    index: usize,
    buffer: *mut u8,
    buffer_bytes: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the caller's string, buffer and place.
    unsafe {
        fill(agent, bundle, service, (buffer, buffer_bytes), needed, |agent, held, service, into| {
            mt3620::anchor(agent.driver.agent_mut(), held, service, index, into)
        })
    }
}

/// # Safety
/// As [`device_agent_anchors`].
unsafe fn fill(
    agent: *mut DeviceAgent,
    bundle: i32,
    service: *const c_char,
    (pointer, length): (*mut u8, usize),
    needed: *mut usize,
    make: impl FnOnce(&mut DeviceAgent, Held, &str, &mut [u8]) -> Result<usize, AnchorsError>,
) -> i32 {
    let held = match bundle {
        DEVICE_AGENT_INSTALLED => Held::Installed,
        DEVICE_AGENT_PRESENT => Held::Present,
        DEVICE_AGENT_CANDIDATE => Held::Candidate,
        _ => return Code::BadArgument.number(),
    };
    if needed.is_null() || !needed.is_aligned() {
        return Code::BadArgument.number();
    }
    // SAFETY: the caller's string and buffer.
    let (Ok(service), Ok(into)) = (unsafe { (text(service), buffer(pointer, length)) }) else {
        return Code::BadArgument.number();
    };
    let mut agent = match Entered::new(agent) {
        Ok(agent) => agent,
        Err(code) => return code.number(),
    };
    match make(&mut agent, held, service, into) {
        Ok(bytes) => {
            // SAFETY: the caller's place, not NULL and aligned.
            unsafe { needed.write(bytes) };
            if bytes > length { Code::BufferTooSmall.number() } else { Code::Ok.number() }
        }
        Err(AnchorsError::UnknownService) => Code::UnknownService.number(),
        Err(AnchorsError::NoMemory) => Code::Again.number(),
        Err(AnchorsError::NoBundle) => Code::NoBundle.number(),
        Err(_) => Code::StoreFailed.number(),
    }
}
