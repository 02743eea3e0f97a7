//! Tests of the engine: by events alone, against a fleet in memory.

mod aftermath;
mod files;
mod freshness;
mod installing;
mod keyrings;
mod kit;
mod orders;
mod power;
mod probes;
mod rejections;
mod spec;
mod steps;
mod storage;
mod thefts;
mod transport;
mod trials;
