//! The trust store on TLS code that the product does not ship: aws-lc-rs and OpenSSL.
//!
//! Both are C libraries, both are banned from what is shipped (`xtask/policy.toml`), and neither should cost anybody
//! who builds the workspace a minute. So they are features of this package, which nothing depends on:
//! `cargo test -p other-tls --features aws-lc-rs,native-tls` builds and tests them, and so does one step of
//! `cargo xtask ci`.
