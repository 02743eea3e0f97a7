//! The judge: a served chain under everything that the bundle says, which no certificate file can carry.

use std::ffi::c_char;

use bundle::UnixSeconds;
use chain::{Purpose, Served, Time, Verdict};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::argument::{Sized32, array, bytes, read, text, write};
use crate::entry::{guarded, handle};
use crate::handle::State;
use crate::{Code, Handle, reason};

/// The chain verifies.
pub const TRUST_STORE_VERIFIED: i32 = 0;
/// The chain is bad: its links, its name, its dates, or what the bundle says of them.
pub const TRUST_STORE_REFUSED: i32 = 1;
/// Nothing can be said: the chain takes more work than is allowed.
pub const TRUST_STORE_INCONCLUSIVE: i32 = 2;

/// A time that nobody knows.
pub const TRUST_STORE_CLOCK_UNKNOWN: u64 = u64::MAX;

/// Bytes of a judgement's words, with the NUL behind them; longer ones are cut.
pub const TRUST_STORE_WORDS_BYTES: usize = 256;

/// Most certificates of a served chain: more are not looked at.
const SERVED_MAX: usize = 64;

/// A chain that a server served, and what it is to be judged for.
#[derive(Debug)]
#[repr(C)]
pub struct TrustStoreChain {
    /// sizeof(trust_store_chain).
    pub struct_size: u32,
    /// The service's name.
    pub service: *const c_char,
    /// The host name that was asked for, or an address.
    pub host: *const c_char,
    /// The certificates in DER, the server's own first.
    pub certificates: *const *const u8,
    /// The length of each in bytes.
    pub certificate_bytes: *const usize,
    /// How many there are.
    pub certificate_count: usize,
    /// The time in seconds since 1970; 0: that of the system's clock; TRUST_STORE_CLOCK_UNKNOWN where nobody knows it. A
    /// clock behind the snapshot's time floor was never set: dates are then judged by the floor.
    pub unix_seconds: u64,
}

// SAFETY: repr(C), and begins with its size.
unsafe impl Sized32 for TrustStoreChain {}

/// Why a chain was judged as it was.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TrustStoreJudgement {
    /// sizeof(trust_store_judgement).
    pub struct_size: u32,
    /// The state that it was judged under, as snapshots have it.
    pub changes: u64,
    /// TRUST_STORE_VERIFIED, TRUST_STORE_REFUSED or TRUST_STORE_INCONCLUSIVE.
    pub verdict: i32,
    /// Why, as a stable reason; 0 where it verifies.
    pub reason: u16,
    /// Where it verifies, the last moment at which it still will, in seconds since 1970: for connections that live long.
    pub valid_until: u64,
    /// A sentence for people.
    pub words: [c_char; TRUST_STORE_WORDS_BYTES],
}

// SAFETY: repr(C), and begins with its size.
unsafe impl Sized32 for TrustStoreJudgement {}

/// What is judged.
struct Question<'a> {
    service: &'a str,
    host: ServerName<'a>,
    chain: Vec<CertificateDer<'a>>,
    unix_seconds: u64,
}

/// Looks at the store, and judges a served chain under what is in force: links, host name and dates, and the purposes,
/// constraints, pins, expected names and denials of the bundle, which a TLS stack that was given certificates knows nothing of.
///
/// Returns TRUST_STORE_VERIFIED, which is 0, for a chain that verifies, and only then; TRUST_STORE_REFUSED,
/// TRUST_STORE_INCONCLUSIVE, or a code below zero. Whatever is not 0 must end the connection. It says nothing of the
/// handshake: the TLS stack must have seen the server prove its key. A resumed session shows no chain: keep none over a
/// change.
///
/// *judgement says why; NULL: nobody asks. After a code below zero nothing stands in it.
///
/// # Safety
/// `store` came from trust_store_open; `chain` and everything in it are as their comments say; `judgement` is NULL or
/// points to a trust_store_judgement whose struct_size is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_judge(
    store: *mut Handle,
    chain: *const TrustStoreChain,
    judgement: *mut TrustStoreJudgement,
) -> i32 {
    guarded(|| {
        // SAFETY: the caller's handle and struct.
        let (handle, chain) = unsafe { (handle(store)?, read(chain)?) };
        // SAFETY: the caller's struct, if there is one.
        let judgement = if judgement.is_null() { None } else { Some(unsafe { write(judgement)? }) };
        // SAFETY: the caller's strings, arrays and certificates.
        let question = unsafe { question(chain)? };
        // What cannot be read now does not cut the device off: what was read before stays in force.
        let _failed = handle.refresh();
        let state = handle.state();
        let answer = answer(&state, &question.verdict(&state)?);
        let number = answer.verdict;
        if let Some(judgement) = judgement {
            *judgement = TrustStoreJudgement { struct_size: judgement.struct_size, ..answer };
        }
        Ok(number)
    })
}

/// # Safety
/// Everything in `chain` is as its comments say, and lives for `'a`.
unsafe fn question<'a>(chain: &TrustStoreChain) -> Result<Question<'a>, Code> {
    // A server decides how many there are. Its own certificate comes first, and what follows is only a help.
    let count = chain.certificate_count.min(SERVED_MAX);
    // SAFETY: the caller's strings.
    let (service, host) = unsafe { (text(chain.service)?, text(chain.host)?) };
    // SAFETY: the caller's arrays, of which the beginning is read.
    let (pointers, lengths) =
        unsafe { (array(chain.certificates, count)?, array(chain.certificate_bytes, count)?) };
    let ders = pointers.iter().zip(lengths).map(|(pointer, length)| {
        // SAFETY: the caller's certificates.
        let der = unsafe { bytes(*pointer, *length)? };
        if der.is_empty() { Err(Code::BadArgument) } else { Ok(CertificateDer::from(der)) }
    });
    Ok(Question {
        service,
        host: ServerName::try_from(host).map_err(|_| Code::BadArgument)?,
        chain: ders.collect::<Result<_, _>>()?,
        unix_seconds: chain.unix_seconds,
    })
}

impl Question<'_> {
    fn verdict(&self, state: &State) -> Result<Verdict, Code> {
        let (end_entity, intermediates) = self.chain.split_first().ok_or(Code::BadArgument)?;
        let server_name = Some(&self.host);
        let served = Served { end_entity, intermediates, server_name, purpose: Purpose::ServerAuth };
        let floor = state.installed.time_floor();
        let time = match self.unix_seconds {
            0 => Time::from_clock(system_clock(), floor),
            TRUST_STORE_CLOCK_UNKNOWN => Time::Unknown { floor },
            seconds => Time::from_clock(UnixSeconds(seconds), floor),
        };
        let judge = state.installed.set().service(self.service).ok_or(Code::UnknownService)?;
        Ok(judge.verdict(&served, time))
    }
}

/// The system's clock.
#[cfg(target_pointer_width = "64")]
#[expect(
    clippy::disallowed_methods,
    reason = "a program that gives no time has the system's clock for its port"
)]
fn system_clock() -> UnixSeconds {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixSeconds(since.map_or(0, |since| since.as_secs()))
}

/// The system's clock, in 64 bits where the C library has 32. Elsewhere it is not asked for in this way: programs that run
/// under valgrind, which hides the kernel's own functions, would end here.
#[cfg(not(target_pointer_width = "64"))]
fn system_clock() -> UnixSeconds {
    use rustix::time::{ClockId, clock_gettime};
    UnixSeconds(clock_gettime(ClockId::Realtime).tv_sec.try_into().unwrap_or(0))
}

fn answer(state: &State, verdict: &Verdict) -> TrustStoreJudgement {
    let (number, why, valid_until, words) = match verdict {
        Verdict::Verified(path) => {
            let words = format!("verified under anchor sha256 {}", path.anchor_sha256());
            (TRUST_STORE_VERIFIED, reason::NONE, path.valid_until().0, words)
        }
        Verdict::Refused(refusal) => {
            (TRUST_STORE_REFUSED, reason::of_code(refusal.code()), 0, refusal.to_string())
        }
        Verdict::Inconclusive(why) => {
            (TRUST_STORE_INCONCLUSIVE, reason::of_code(why.code()), 0, why.to_string())
        }
    };
    TrustStoreJudgement {
        struct_size: 0,
        changes: state.changes,
        verdict: number,
        reason: why,
        valid_until,
        words: c_words(&words),
    }
}

/// Words with a NUL behind them, cut between letters.
fn c_words(words: &str) -> [c_char; TRUST_STORE_WORDS_BYTES] {
    let mut out = [0; TRUST_STORE_WORDS_BYTES];
    let mut end = words.len().min(TRUST_STORE_WORDS_BYTES.saturating_sub(1));
    while !words.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    for (to, from) in out.iter_mut().zip(words.get(..end).unwrap_or_default().bytes()) {
        // Certificates bring names from outside: words are one line.
        *to = c_char::from_ne_bytes([if from.is_ascii_control() { b' ' } else { from }]);
    }
    out
}
