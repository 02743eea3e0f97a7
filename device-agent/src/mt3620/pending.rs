//! The engine's pending action as the driver keeps it between two steps: borrowing nothing.

use alloc::string::String;

use crate::{Action, Resource};

/// The engine's pending action, borrowing nothing.
#[derive(Debug)]
pub(super) enum Pending {
    Continue,
    Export { generation: u64 },
    Fetch { resource: Resource, bytes_max: u32 },
    Probe(Endpoint),
    Proceed,
    Report,
    Wait { due_milliseconds: u64 },
}

/// An endpoint to be probed.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) service: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) under_present: bool,
    pub(super) under_candidate: bool,
}

impl Pending {
    pub(super) fn of(action: &Action<'_>) -> Self {
        match *action {
            Action::Continue => Self::Continue,
            Action::Export { generation } => Self::Export { generation },
            Action::Fetch { resource, bytes_max } => Self::Fetch { resource, bytes_max },
            Action::Probe(endpoint) => Self::Probe(Endpoint {
                service: endpoint.service.into(),
                host: endpoint.host.into(),
                port: endpoint.port,
                under_present: endpoint.under_present,
                under_candidate: endpoint.under_candidate,
            }),
            Action::Proceed => Self::Proceed,
            Action::Report => Self::Report,
            Action::Wait { seconds } => Self::Wait { due_milliseconds: seconds },
        }
    }
}
