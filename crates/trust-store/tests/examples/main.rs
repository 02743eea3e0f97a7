//! The examples as running programs, through a rotation, against a TLS server on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test needs and does not get is its failure")]

#[path = "../kit/device.rs"]
#[expect(dead_code, reason = "shared with the tests of following, which use more of it")]
mod device;
#[path = "../kit/examples.rs"]
mod examples;
#[path = "../kit/rotation.rs"]
mod rotation;
#[path = "../kit/server.rs"]
mod server;

#[test]
fn a_hyper_client_follows_a_rotation() {
    rotation::is_followed_by("hyper", "UnknownIssuer");
}

#[test]
fn a_reqwest_client_follows_a_rotation() {
    rotation::is_followed_by("reqwest", "UnknownIssuer");
}

#[test]
fn a_tokio_rustls_connector_follows_a_rotation() {
    rotation::is_followed_by("tokio-rustls", "UnknownIssuer");
}
