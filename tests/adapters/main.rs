//! The adapters of `device-agent/adapters`, each in its own runtime: long-running programs through a rotation and a
//! removal, the adapters' own tests, and every command and piece of code of their documents.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test whose own scene cannot be set stops there")]

mod clients;
mod documents;
mod scene;
