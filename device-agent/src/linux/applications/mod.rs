//! Applications of this device that are told, by a hook, that what they trust has changed.
//!
//! Nothing of this is in a bundle: who is told, how, and for how long that may take stands in `agent.toml`. Hooks run
//! after a commit, when the exports show it; never in observe mode.
//!
//! ```text
//! exports stand ─► Holdings of each application ─► Change since it was last told ─► ledger: "telling"
//!                                                      │ none: nothing runs             │
//!                                                      ▼                                ▼
//!                                                  (all is well) ◄── ledger ◄── Outcome ◄── hook, all side by side
//!                                                                      ▲                      │ failed
//!                                                                      └────── Waits ◄────────┘
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | `holdings` | what concerns one application of what is installed |
//! | `change` | what came, what left, and what is limited more than before |
//! | `ledger` | what each one was last told and how that ended: a file beside the store |
//! | `program` | a child process with its group, its time and the end of what it printed |
//! | `reported` | what reports say of all this |
//! | `recipient` | the process that a signal is for, looked at before it is sent |
//! | `unit` | systemd, asked through `systemctl` |
//! | `errand` | one hook that runs, and how it ended |
//! | `plan` | what is done about one application |
//! | `subject` | where one application stands, for people |
//! | `outcome` | how telling ended, by stable codes |
//! | `teller` | who is told now, and when again |

mod change;
mod errand;
mod groups;
mod holdings;
mod ledger;
mod outcome;
mod plan;
mod program;
mod recipient;
mod reported;
mod side_by_side;
mod signalling;
mod subject;
mod teller;
mod unit;
mod waits;

pub use change::Change;
pub use groups::Groups;
pub use holdings::{Holdings, NamedAnchor};
pub use ledger::{Entry, Ledger, LedgerFault};
pub use outcome::Outcome;
pub use plan::Rehearsal;
pub use reported::extensions;
pub use subject::Subject;
pub use teller::{Teller, Which};
