//! Fuzz targets of every parser of bytes that nobody vouches for: what each must hold, whatever it is given.
//!
//! A target is a function of bytes that panics where something does not hold. libFuzzer calls it from
//! `fuzz_targets/`; `cargo test` calls it with its seeds and with every input of `corpus/`, which were kept because
//! they reach something that no other one does. README.md beside this file says how to run them.
//!
//! | target | what it is given to |
//! |---|---|
//! | [`envelope`] | header, signature table and body, and the check of signatures |
//! | [`body`] | bodies of all kinds, truly signed |
//! | [`keyring`] | keyring files and packs |
//! | [`signed`] | documents made of contents, signed, then spoilt: none may verify |
//! | [`update`], [`patch`] | updates and their patches |
//! | [`container`] | seeds and USB files |
//! | [`report`] | devices' reports |
//! | [`journal`] | journal blocks, and a store that finds them |
//! | [`certificate`] | certificates, read by three parsers |
//! | [`message`] | messages between cores, and the core that gets them |
//! | [`tls_record`] | records and hellos before the server is known |
//! | [`http_answer`] | answers of HTTP servers |
//! | [`engine`] | the whole engine, with a server, probes and a medium that are the input's |
//! | [`agent_toml`] | a device's settings |
//! | [`certificate_file`] | PEM, DER, PKCS#7 and sources that operators import |
//! | [`operator_toml`] | settings of an operator's repository |
//! | [`operator_file`] | drafts, signatures, public keys, key files |
//! | [`enrolment`] | lists of devices |
//! | [`ccadb`] | reports of root programs, from servers elsewhere |
//! | [`observations`] | what endpoints were seen to serve, from other machines |

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a target panics where something does not hold")]

mod agent_toml;
mod body;
mod ccadb;
mod certificate;
mod certificate_file;
mod container;
mod content;
pub mod differential;
mod engine;
mod enrolment;
mod envelope;
mod fleet;
mod http_answer;
mod input;
mod journal;
mod keyring;
mod message;
mod observations;
mod operator_file;
mod operator_toml;
mod patch;
mod report;
pub mod seeds;
mod signed;
mod spoiling;
mod target;
mod tls_record;
mod update;

pub use agent_toml::agent_toml;
pub use body::body;
pub use ccadb::ccadb;
pub use certificate::certificate;
pub use certificate_file::certificate_file;
pub use container::container;
pub use engine::engine;
pub use enrolment::enrolment;
pub use envelope::envelope;
pub use http_answer::http_answer;
pub use journal::journal;
pub use keyring::keyring;
pub use message::message;
pub use observations::observations;
pub use operator_file::operator_file;
pub use operator_toml::operator_toml;
pub use patch::patch;
pub use report::report;
pub use signed::signed;
pub use target::{TARGETS, Target};
pub use tls_record::tls_record;
pub use update::update;
