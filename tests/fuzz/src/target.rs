//! The list of all targets, for what is done with each of them.

use crate::seeds;

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its function, its program and its folder of kept inputs.
    pub name: &'static str,
    /// What must hold.
    pub body: fn(&[u8]),
    /// Inputs that reach a good part of it, from vectors and the data of other tests.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        /// Every target, by name.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), body: crate::$name, seeds: seeds::$name }),*];
    };
}

targets! {
    agent_toml,
    body,
    ccadb,
    certificate,
    certificate_file,
    container,
    engine,
    enrolment,
    envelope,
    http_answer,
    journal,
    keyring,
    message,
    observations,
    operator_file,
    operator_toml,
    patch,
    report,
    signed,
    tls_record,
    update,
}
