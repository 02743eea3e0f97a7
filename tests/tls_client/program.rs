//! The program for the device: one question in its arguments, one line on its standard output.
//!
//! ```text
//! tls-client PORT NAME now=SECONDS|floor=SECONDS RELEASE
//! ```
//! RELEASE is a file: the SHA-256 of the manifest's header, the length of the document in four bytes (little-endian), the
//! document, and the certificates back to back, as a device's slot holds them.
#![expect(unsafe_code, reason = "C's `main`, heap and line: every block says why it may be")]

use alloc::ffi::CString;
use alloc::format;
use alloc::string::ToString as _;
use alloc::vec;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::net::{Ipv4Addr, SocketAddr};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use bundle::{Manifest, Sha256, UnixSeconds};
use chain::Time;
use device_agent::mt3620::posix::SharedFile;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use store::StorageRead as _;

use crate::{Outcome, Question, Unreadable, ask};

/// Bytes of the heap: less than half of the agent's arena, where the engine has the rest. Measured over all rows: 32,242
/// at most, room that is only asked for included.
const HEAP_BYTES: usize = 34_816;
/// Bytes of a SHA-256, and of the length behind it.
const HEAD_BYTES: usize = 36;
/// Exit code of a question that could not be asked; 0 is that of an answer, whatever it is.
const NOT_ASKED: c_int = 2;

unsafe extern "C" {
    /// ISO C11 §7.22.4.1.
    safe fn abort() -> !;
    /// POSIX.1-2017, `aligned_alloc` of ISO C11 §7.22.3.1.
    fn aligned_alloc(alignment: usize, bytes: usize) -> *mut c_void;
    /// ISO C11 §7.22.3.3.
    fn free(block: *mut c_void);
    /// ISO C11 §7.21.7.9.
    fn puts(line: *const c_char) -> c_int;
}

/// C's heap, up to [`HEAP_BYTES`].
struct Heap {
    used: AtomicUsize,
}

#[global_allocator]
static HEAP: Heap = Heap { used: AtomicUsize::new(0) };

// SAFETY: blocks are those of C's heap, as large and aligned as asked, or none.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = self.used.load(Ordering::Relaxed).saturating_add(layout.size());
        if used > HEAP_BYTES {
            return ptr::null_mut();
        }
        self.used.store(used, Ordering::Relaxed);
        let alignment = layout.align().max(size_of::<usize>());
        // SAFETY: the alignment is a power of two, and the size a multiple of it.
        unsafe { aligned_alloc(alignment, layout.size().next_multiple_of(alignment)) }.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let used = self.used.load(Ordering::Relaxed).saturating_sub(layout.size());
        self.used.store(used, Ordering::Relaxed);
        // SAFETY: the caller returns a block of this heap.
        unsafe { free(block.cast()) };
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// Why a question could not be asked.
type NotAsked = &'static str;

/// What the system starts.
///
/// # Safety
/// `words` are `count` strings of C's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    let word = |at: usize| {
        let is_there = usize::try_from(count).is_ok_and(|count| at < count);
        // SAFETY: a string of the caller's.
        is_there.then(|| unsafe { CStr::from_ptr(*words.add(at)) })
    };
    let (line, code) = match answer(word) {
        Ok(outcome) => (outcome.to_string(), 0),
        Err(why) => (format!("not asked: {why}"), NOT_ASKED),
    };
    let Ok(line) = CString::new(line) else { return NOT_ASKED };
    // SAFETY: a string with its NUL.
    if unsafe { puts(line.as_ptr()) } < 0 { NOT_ASKED } else { code }
}

fn answer<'w>(word: impl Fn(usize) -> Option<&'w CStr>) -> Result<Outcome, NotAsked> {
    let text = |at, what| word(at).and_then(|word| word.to_str().ok()).ok_or(what);
    let port = text(1, "a port is wanted")?.parse::<u16>().map_err(|_| "the port is no number")?;
    let server_name = text(2, "a name is wanted")?;
    let time = time(text(3, "a time is wanted")?).ok_or("the time is none")?;
    let mut release = open(word(4).ok_or("a release is wanted")?)?;
    let mut head = [0; HEAD_BYTES];
    release.read(0, &mut head).map_err(|_| "the release has no head")?;
    let (digest, length) = head.split_first_chunk::<32>().ok_or("the release has no head")?;
    let length = length.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let mut document = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    release.read(HEAD_BYTES as u64, &mut document).map_err(|_| "the release has no document")?;
    let manifest = Manifest::restored(&document, Sha256(*digest)).map_err(|_| "the manifest is none")?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let question = Question { address, server_name, manifest, time };
    let certificates = u64::from(length).saturating_add(HEAD_BYTES as u64);
    ask(&question, |offset, into| {
        release.read(certificates.saturating_add(offset.into()), into).map_err(|_| Unreadable)
    })
    .map_err(|_| "there is no network")
}

fn open(path: &CStr) -> Result<SharedFile<OwnedFd>, NotAsked> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(SharedFile::new).map_err(|_| "the release is not there")
}

/// `now=…` or `floor=…`, in seconds since 1970.
fn time(text: &str) -> Option<Time> {
    let (kind, seconds) = text.split_once('=')?;
    let seconds = UnixSeconds(seconds.parse().ok()?);
    match kind {
        "now" => Some(Time::Known(seconds)),
        "floor" => Some(Time::Unknown { floor: seconds }),
        _ => None,
    }
}
