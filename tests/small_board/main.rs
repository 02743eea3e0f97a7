//! The driver for small boards and its C interface, run natively against real servers on loopback.
//!
//! | part | what it is |
//! |---|---|
//! | `server`, `quiet` | a server of the published tree with manners to choose, and how it tells that it says no more |
//! | `scene`, `board` | a fleet with its servers, and a board whose clock the test moves |
//! | `cycles`, `probes`, `hostile` | the driver itself |
//! | `heap` | what is left of the heap, down to nothing |
//! | `program`, `application`, `rotation`, `interface` | a program that uses the C functions, as C would |

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot be set up stops its test"
)]
#![expect(unsafe_code, reason = "a program that calls the C interface, and descriptors that it lends")]

mod application;
mod board;
mod cycles;
mod heap;
mod hostile;
mod interface;
mod probes;
mod program;
mod quiet;
mod rotation;
mod scene;
mod server;
mod wait;
