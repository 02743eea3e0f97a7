//! Which path is answered by what: published files, health, reports.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get};

use super::answer::answer;
use super::health::{Health, live, ready};
use super::log::{RequestLog, note};
use super::report::{Intake, take};
use super::site::Site;

/// What one listener serves. Health is answered on every listener.
#[derive(Clone, Default)]
pub(super) struct Offer {
    /// The published tree.
    pub(super) site: Option<Arc<Site>>,
    /// Devices' reports, at `/report`.
    pub(super) intake: Option<Intake>,
}

/// The routes for `offer`. The names cannot collide with published ones, which have at least two parts.
pub(super) fn router(offer: Offer, health: Health, log: Option<RequestLog>) -> Router {
    let mut router = Router::new().route("/livez", get(live)).route("/readyz", get(ready).with_state(health));
    if let Some(intake) = offer.intake {
        router = router.route("/report", any(take).with_state(intake));
    }
    // Without a site this is an empty tree: the same 404 and 405 as any tree gives for a name it lacks.
    router = router.fallback(any(file).with_state(offer.site));
    match log {
        Some(log) => router.layer(from_fn_with_state(log, note)),
        None => router,
    }
}

async fn file(State(site): State<Option<Arc<Site>>>, request: Request) -> Response {
    let tree = site.map(|site| site.tree()).unwrap_or_default();
    answer(&tree, request.method(), request.uri().path(), request.headers())
}
