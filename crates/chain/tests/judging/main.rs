//! Judgements: verdicts, denials, steps, selections, and what they take of the heap.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test needs and does not get is its failure")]

mod denials;
mod expectations;
mod kit;
mod memory;
mod profiles;
mod selections;
mod steps;
mod verdicts;
