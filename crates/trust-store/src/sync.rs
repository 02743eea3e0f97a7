//! What threads share with: std's types here, loom's where `tests/interleavings` compiles the same code.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
