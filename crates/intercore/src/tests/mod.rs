//! The core and its neighbour, on a host: what is taken, what is refused, and that nothing else changes anything.

mod fixture;
mod hostile;
mod keyrings;
mod releases;
mod specification;
mod steps;
mod stream;
