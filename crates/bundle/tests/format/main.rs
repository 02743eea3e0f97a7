//! The format's tests: documents, keyrings, vectors.

#![expect(clippy::expect_used, reason = "a test whose own input cannot be made stops there")]

mod applications;
mod census;
mod documents;
mod figures;
mod five_roots;
mod fixture;
mod keyrings;
mod limits;
mod log;
mod steps;
#[path = "../../examples/vectors/vector.rs"]
mod vector;
mod vectors;
