//! The anchors of a service, in the forms that TLS stacks read.

use std::ffi::c_char;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::Purposes;
use trust_store::Installed;

use crate::argument::{buffer, text};
use crate::entry::{guarded, handle, place};
use crate::{Code, Handle};

/// PEM without comments, NUL-terminated: CURLOPT_CAINFO_BLOB, SSL_CTX with PEM_read_bio_X509, wolfSSL_CTX_load_verify_buffer
/// with WOLFSSL_FILETYPE_PEM, mbedtls_x509_crt_parse (with the NUL), gnutls_certificate_set_x509_trust_mem.
pub const TRUST_STORE_PEM: i32 = 0;
/// Certificates in DER, back to back: wolfSSL_CTX_load_verify_chain_buffer_format and parsers that read on.
pub const TRUST_STORE_DER: i32 = 1;

/// Octets that give one line of 64 letters (RFC 7468 §2).
const LINE_BYTES: usize = 48;

/// A form that TLS stacks read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Der,
    Pem,
}

/// Writes the anchors of a service into `buffer`, and how many bytes they have in all into *needed: with PEM its NUL
/// included. With TRUST_STORE_BUFFER_TOO_SMALL the buffer's content is of no use; ask with a NULL buffer for the
/// length alone.
///
/// An anchor that is denied or that is not for TLS servers is left out. What certificates cannot say of the others is decided
/// as in the files that the agent exports: by the service's policy ("unexportable"), and without one, an anchor with
/// constraints and one that has ended are left out. Nothing more is where the configuration says that the application
/// judges every chain.
///
/// `changes` is the state to read, as a snapshot has it: TRUST_STORE_AGAIN where the handle has moved on, so that what
/// several calls return is of one state; 0: the newest.
///
/// # Safety
/// `store` came from trust_store_open; `service` is a NUL-terminated string; `buffer` points to `buffer_bytes`
/// bytes, and `needed` to a place for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_anchors(
    store: *mut Handle,
    changes: u64,
    service: *const c_char,
    format: i32,
    buffer: *mut u8,
    buffer_bytes: usize,
    needed: *mut usize,
) -> i32 {
    let make = |handle: &Handle, installed: &Installed, service: &str| {
        let form = match format {
            TRUST_STORE_DER => Form::Der,
            TRUST_STORE_PEM => Form::Pem,
            _ => return Err(Code::BadArgument),
        };
        let ders = anchors(handle, installed, service, form)?;
        Ok(match form {
            Form::Der => ders.concat(),
            Form::Pem => pem(&ders),
        })
    };
    // SAFETY: the caller's handle, string, buffer and place.
    unsafe { fill(store, changes, service, (buffer, buffer_bytes), needed, make) }
}

/// Writes one anchor of a service in DER into `buffer`, by its place from 0 on, and its length into *needed: zero past
/// the last one. For stacks that are given one certificate at a time; name the state, so that all are of one.
///
/// # Safety
/// As [`trust_store_anchors`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_anchor(
    store: *mut Handle,
    changes: u64,
    service: *const c_char,
    index: usize,
    buffer: *mut u8,
    buffer_bytes: usize,
    needed: *mut usize,
) -> i32 {
    let make = |handle: &Handle, installed: &Installed, service: &str| {
        let ders = anchors(handle, installed, service, Form::Der)?;
        Ok(ders.get(index).map(|der| der.to_vec()).unwrap_or_default())
    };
    // SAFETY: the caller's handle, string, buffer and place.
    unsafe { fill(store, changes, service, (buffer, buffer_bytes), needed, make) }
}

/// # Safety
/// As [`trust_store_anchors`].
unsafe fn fill(
    store: *mut Handle,
    changes: u64,
    service: *const c_char,
    (pointer, length): (*mut u8, usize),
    needed: *mut usize,
    make: impl FnOnce(&Handle, &Installed, &str) -> Result<Vec<u8>, Code>,
) -> i32 {
    guarded(|| {
        // SAFETY: the caller's handle and string.
        let (handle, service) = unsafe { (handle(store)?, text(service)?) };
        // SAFETY: the caller's buffer and place.
        let (into, needed) = unsafe { (buffer(pointer, length)?, place(needed)?) };
        let state = handle.state();
        if changes != 0 && changes != state.changes {
            return Err(Code::Again);
        }
        let bytes = make(handle, &state.installed, service)?;
        *needed = bytes.len();
        let room = into.get_mut(..bytes.len()).ok_or(Code::BufferTooSmall)?;
        room.copy_from_slice(&bytes);
        Ok(Code::Ok.number())
    })
}

/// The certificates that may leave the bundle in this form.
fn anchors<'i>(
    handle: &Handle,
    installed: &'i Installed,
    service: &str,
    form: Form,
) -> Result<Vec<&'i [u8]>, Code> {
    let name = match form {
        Form::Der => "der",
        Form::Pem => "pem",
    };
    if handle.judges {
        let anchors = installed.anchors(service).ok_or(Code::UnknownService)?;
        let of_servers = anchors.filter(|anchor| anchor.entry.purposes.contains(Purposes::SERVER_AUTH));
        return Ok(of_servers.map(|anchor| anchor.der).collect());
    }
    let anchors = installed.exportable(service, name).ok_or(Code::UnknownService)?;
    Ok(anchors.map(|anchor| anchor.der).collect())
}

/// Certificates in PEM (RFC 7468) without comments, and a NUL behind the last one.
fn pem(ders: &[&[u8]]) -> Vec<u8> {
    let mut text = String::new();
    for der in ders {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in der.chunks(LINE_BYTES) {
            STANDARD.encode_string(line, &mut text);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text.push('\0');
    text.into_bytes()
}
