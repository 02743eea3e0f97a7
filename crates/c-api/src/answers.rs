//! What the application answers to callbacks, after they have returned.

use alloc::vec::Vec;
use core::ffi::c_char;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use device_agent::mt3620::{Answered, AppVerdict, Shown, has_room, limits};
use device_agent::{Reason, Verdict};
use rustls_pki_types::CertificateDer;

use crate::argument::{array, bytes, text};
use crate::instance::Entered;
use crate::{Code, DeviceAgent};

/// The chain verifies; a server that then asks for a client certificate has verified too.
pub const DEVICE_AGENT_VERIFIED: i32 = 0;
/// The chain is bad: its links, its name, its dates.
pub const DEVICE_AGENT_REFUSED: i32 = 1;
/// Nothing can be said: no address, no connection, no answer, no clock.
pub const DEVICE_AGENT_INCONCLUSIVE: i32 = 2;
/// The image does not allow the connection.
pub const DEVICE_AGENT_NOT_ALLOWED: i32 = 3;
/// Not asked for.
pub const DEVICE_AGENT_NOT_ASKED: i32 = 4;

/// Answers a resolve callback with an address of 4 or 16 bytes, the highest byte first; none: the name has none.
///
/// # Safety
/// `agent` came from device_agent_start; `address` points to `address_bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_resolved(
    agent: *mut DeviceAgent,
    ticket: u32,
    address: *const u8,
    address_bytes: usize,
) -> i32 {
    // SAFETY: the caller's bytes.
    let address = match unsafe { bytes(address, address_bytes) } {
        Ok(address) => address,
        Err(code) => return code.number(),
    };
    let address = match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(octets), _) => Some(IpAddr::V4(Ipv4Addr::from(octets))),
        (_, Ok(octets)) => Some(IpAddr::V6(Ipv6Addr::from(octets))),
        _ if address.is_empty() => None,
        _ => return Code::BadArgument.number(),
    };
    answer(agent, |agent| Ok(agent.driver.resolved(ticket, address)))
}

/// Answers a probe callback with the verdicts of the application's own TLS stack. One handshake should serve both, as
/// somebody on the path could spoil one of two; device_agent_probed_chain does that, and alone can tell that a loss is
/// what a distrust order wants.
///
/// # Safety
/// `agent` came from device_agent_start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_probed(
    agent: *mut DeviceAgent,
    ticket: u32,
    present: i32,
    candidate: i32,
) -> i32 {
    let (Ok(present), Ok(candidate)) = (verdict(present), verdict(candidate)) else {
        return Code::BadArgument.number();
    };
    answer(agent, |agent| Ok(agent.driver.probed(ticket, AppVerdict::Judged { present, candidate })))
}

/// Answers a probe callback with the chain that the server served, the server's own certificate first: the agent judges
/// it under both bundles. The application must have seen the server prove the key (the handshake came to its end but for
/// the chain).
///
/// # Safety
/// `agent` came from device_agent_start; both arrays have `count` elements, which point to so many bytes each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_probed_chain(
    agent: *mut DeviceAgent,
    ticket: u32,
    certificates: *const *const u8,
    certificate_bytes: *const usize,
    count: usize,
) -> i32 {
    // SAFETY: the caller's arrays.
    let (pointers, lengths) = match unsafe { (array(certificates, count), array(certificate_bytes, count)) } {
        (Ok(pointers), Ok(lengths)) => (pointers, lengths),
        (Err(code), _) | (_, Err(code)) => return code.number(),
    };
    answer(agent, |agent| {
        let sum = lengths.iter().fold(0_usize, |sum, length| sum.saturating_add(*length));
        // Servers decide what an application is served: nothing is copied before it is known to be short.
        if lengths.len() > limits::SERVED_CERTIFICATES_MAX || sum > limits::SERVED_BYTES_MAX {
            return Err(Code::BadArgument);
        }
        if !has_room(sum.saturating_mul(2)) {
            let unknown = Some(Verdict::Inconclusive(Reason::ProbeTooComplex));
            return Ok(agent
                .driver
                .probed(ticket, AppVerdict::Judged { present: unknown, candidate: unknown }));
        }
        let mut ders = Vec::with_capacity(lengths.len());
        for (pointer, length) in pointers.iter().zip(lengths) {
            // SAFETY: the caller's certificates.
            let der = unsafe { bytes(*pointer, *length)? };
            if der.is_empty() {
                return Err(Code::BadArgument);
            }
            ders.push(CertificateDer::from(der).into_owned());
        }
        let mut ders = ders.into_iter();
        let end_entity = ders.next().ok_or(Code::BadArgument)?;
        Ok(agent
            .driver
            .probed(ticket, AppVerdict::Chain(Shown { end_entity, intermediates: ders.collect() })))
    })
}

/// Answers a report callback: whether the report was taken, or must be sent again.
///
/// # Safety
/// `agent` came from device_agent_start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_reported(agent: *mut DeviceAgent, ticket: u32, delivered: bool) -> i32 {
    answer(agent, |agent| Ok(agent.driver.reported(ticket, delivered)))
}

/// Says how the application's own connection to a service ended, made with what was trusted at `generation`: on a release
/// that is on trial it counts as a proof, or calls for one at once.
///
/// # Safety
/// `agent` came from device_agent_start; `service` is a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_service_result(
    agent: *mut DeviceAgent,
    service: *const c_char,
    generation: u64,
    verdict: i32,
) -> i32 {
    // SAFETY: the caller's string.
    let (Ok(service), Ok(Some(verdict))) = (unsafe { text(service) }, self::verdict(verdict)) else {
        return Code::BadArgument.number();
    };
    match Entered::new(agent) {
        Err(code) => code.number(),
        Ok(mut agent) => match agent.driver.service_result(service, generation, verdict) {
            Answered::Taken => Code::Ok.number(),
            Answered::Unknown => Code::UnknownService.number(),
        },
    }
}

fn answer(agent: *mut DeviceAgent, give: impl FnOnce(&mut DeviceAgent) -> Result<Answered, Code>) -> i32 {
    match Entered::new(agent) {
        Err(code) => code.number(),
        Ok(mut agent) => match give(&mut agent) {
            Ok(Answered::Taken) => Code::Ok.number(),
            Ok(Answered::Unknown) => Code::UnknownTicket.number(),
            Err(code) => code.number(),
        },
    }
}

fn verdict(number: i32) -> Result<Option<Verdict>, Code> {
    Ok(Some(match number {
        DEVICE_AGENT_VERIFIED => Verdict::Verified,
        DEVICE_AGENT_REFUSED => Verdict::Refused(Reason::ProbeChain),
        DEVICE_AGENT_INCONCLUSIVE => Verdict::Inconclusive(Reason::ProbeTls),
        DEVICE_AGENT_NOT_ALLOWED => Verdict::Inconclusive(Reason::ProbeNotAllowed),
        DEVICE_AGENT_NOT_ASKED => return Ok(None),
        _ => return Err(Code::BadArgument),
    }))
}
