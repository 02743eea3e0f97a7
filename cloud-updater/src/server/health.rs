//! Is the server alive, and is it of use: for load balancers and monitoring, without names of ours in it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::report::Intake;
use super::site::Site;

/// What readiness is judged by.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) site: Arc<Site>,
    pub(super) intake: Option<Intake>,
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    schema: &'static str,
    ready: bool,
    /// Stable names of what is wrong.
    problems: Vec<&'static str>,
}

impl Health {
    fn problems(&self) -> Vec<&'static str> {
        let mut problems = Vec::new();
        if self.site.failed() {
            problems.push("folder_not_loaded");
        }
        if self.site.tree().channels().is_empty() {
            problems.push("no_head");
        }
        if self.intake.as_ref().is_some_and(Intake::failed) {
            problems.push("reports_not_stored");
        }
        problems
    }
}

/// `/livez`: the process answers.
pub(super) async fn live() -> Response {
    json(StatusCode::OK, "{\"live\":true}\n".to_owned())
}

/// `/readyz`: 200 where devices find a head and reports can be stored, else 503 with what is wrong.
pub(super) async fn ready(State(health): State<Health>) -> Response {
    let problems = health.problems();
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let readiness = Readiness { schema: "cloud-updater.readiness.1", ready: problems.is_empty(), problems };
    // Unreachable as an error because the structure holds nothing that JSON cannot.
    let text = serde_json::to_string(&readiness).unwrap_or_default();
    json(status, text + "\n")
}

/// A JSON answer that no cache keeps.
pub(super) fn json(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
