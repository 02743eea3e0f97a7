//! The test kit: a publisher, a device, services, applications and attacks, all on this machine.
//!
//! | part | what it is |
//! |---|---|
//! | [`publisher`], [`signers`] | a publisher in memory, over the production format, and keys that protect nothing |
//! | [`device`] | a device in memory: the production engine over a medium that a test can look into |
//! | [`attacks`] | what a thief or a broken network can do, and what must come of it |
//! | [`power`] | every power cut of whole update cycles, and again of the recovery: what was explored, what was lost |
//! | [`persistence`] | what a program's files may be after a power cut, from the system calls that it made |
//! | [`history`] | eleven years of Mozilla's root store, replayed on a device |
//! | [`pki`] | a synthetic PKI in the shape of Azure's, and the real certificates of `tests/data` |
//! | [`twin`] | certificates that are real ones but for the key, for servers that nobody else can tell apart |
//! | [`listener`], [`tls_service`], [`web`] | servers on loopback: services that change their chain, and published trees with faults |
//! | [`tls_rows`], [`hostile_tls`] | servers that a client of TLS must tell apart: `openssl s_server`, and one that breaks the rules; the client is asked here and on Arm |
//! | [`operator`] | an operator's repository and the people's keys, driven by the real `cloud-updater` |
//! | [`board`] | boards for programs of the device: emulated in two tiers, or a development kit |
//! | [`rt_core`] | a real-time core under emulation, compared answer by answer with the same core here |
//! | [`rt_record`] | what such a core took, kept for as long as nothing that led to it changes |
//! | [`process`], [`gateway`], [`applications`] | the real programs, a device of its own, and applications that run the whole time |

#![forbid(unsafe_code)]

pub mod applications;
pub mod attacks;
#[path = "../board/mod.rs"]
pub mod board;
mod ceremony;
pub mod device;
mod drive;
pub mod gateway;
pub mod history;
pub mod hostile_tls;
pub mod listener;
pub mod operator;
pub mod persistence;
pub mod pki;
pub mod power;
pub mod process;
pub mod publisher;
pub mod report;
pub mod rt_core;
pub mod rt_record;
pub mod signers;
pub mod tls_rows;
pub mod tls_service;
pub mod twin;
pub mod web;
