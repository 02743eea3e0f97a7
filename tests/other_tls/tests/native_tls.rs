//! The example on OpenSSL as a running program, through a rotation, against a TLS server on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test needs and does not get is its failure")]

#[path = "../../../crates/trust-store/tests/kit/device.rs"]
#[expect(dead_code, reason = "shared with the tests of following, which use more of it")]
mod device;
#[path = "../../../crates/trust-store/tests/kit/examples.rs"]
mod examples;
#[path = "../../../crates/trust-store/tests/kit/rotation.rs"]
mod rotation;
#[path = "../../../crates/trust-store/tests/kit/server.rs"]
mod server;

#[test]
fn a_connector_that_is_made_anew_follows_a_rotation() {
    rotation::is_followed_by("native-tls", "certificate verify failed");
}
