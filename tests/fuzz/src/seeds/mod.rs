//! Where fuzzing starts: inputs of every target, from the vectors and from the data of other tests.

mod device;
mod documents;
mod operator;
mod vectors;

pub use device::{certificate, certificates, engine, http_answer, journal, message, tls_record};
pub use documents::{body, container, envelope, keyring, patch, report, signed, update};
pub use operator::{
    agent_toml, ccadb, certificate_file, enrolment, observations, operator_file, operator_toml,
};

/// Bytes that a structure-aware target makes something of: one byte all along, and counting ones.
fn patterns(length: u16) -> Vec<Vec<u8>> {
    let byte = |index: u32, step: u32| (index.wrapping_mul(step) >> 3).to_le_bytes()[0];
    (0..24_u32).map(|step| (0..u32::from(length)).map(|index| byte(index, step * 37 + 1)).collect()).collect()
}

/// An input behind the byte that selects what it is.
fn selected(selector: u8, bytes: &[u8]) -> Vec<u8> {
    [&[selector], bytes].concat()
}
