//! The test kit: a publisher, a device, services, applications and attacks, all on this machine.
//!
//! | part | what it is |
//! |---|---|
//! | [`publisher`], [`signers`] | a publisher in memory, over the production format, and keys that protect nothing |
//! | [`device`] | a device in memory: the production engine over a medium that a test can look into |
//! | [`attacks`] | what a thief or a broken network can do, and what must come of it |
//! | [`history`] | eleven years of Mozilla's root store, replayed on a device |
//! | [`pki`] | a synthetic PKI in the shape of Azure's, and the real certificates of `tests/data` |
//! | [`listener`], [`tls_service`], [`web`] | servers on loopback: services that change their chain, and published trees with faults |
//! | [`operator`] | an operator's repository and the people's keys, driven by the real `cloud-updater` |
//! | [`rt_core`] | a real-time core under emulation, compared answer by answer with the same core here |
//! | [`process`], [`gateway`], [`applications`] | the real programs, a device of its own, and applications that run the whole time |

#![forbid(unsafe_code)]

pub mod applications;
pub mod attacks;
mod ceremony;
pub mod device;
pub mod gateway;
pub mod history;
pub mod listener;
pub mod operator;
pub mod pki;
pub mod process;
pub mod publisher;
pub mod rt_core;
pub mod signers;
pub mod tls_service;
pub mod web;
