//! Runs [`fuzz::ccadb`] on what libFuzzer thinks of.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::ccadb(input));

#[cfg(not(fuzzing))]
fn main() {}
