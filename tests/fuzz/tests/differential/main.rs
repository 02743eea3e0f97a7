//! Certificates, read and judged here and elsewhere: every difference is a known one, and every known one is there.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what a test needs and does not get is its failure")]

mod certificates;
mod fields;
mod openssl;
mod verdicts;
