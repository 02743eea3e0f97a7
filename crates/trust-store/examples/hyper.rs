//! One hyper client for the life of the process, which follows the installed anchors.
//!
//! `cargo run -p trust-store --example hyper -- STORE SERVICE` reads one HOST:PORT a line, sends a request to each, and
//! writes one line for each answer.

use std::error::Error;
use std::io::{Write as _, stdin, stdout};
use std::path::Path;

use http_body_util::Empty;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use trust_store::{Location, TrustStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(service)) = (arguments.next(), arguments.next()) else {
        return Err("usage: hyper STORE SERVICE".into());
    };
    let store = TrustStore::open(Location::of(Path::new(&path)), None)?;
    // Once. What is installed later is trusted by the next connection.
    let config = trust_store::rustls::client_config(&store, &service)?;
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
    // A connection that is kept was judged when it was made: kept idle, it would outlive a removed anchor.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    for line in stdin().lines() {
        let request = http::Request::get(format!("https://{}/", line?)).body(Empty::<&[u8]>::new())?;
        match client.request(request).await {
            Ok(response) => writeln!(stdout(), "accepted {}", response.status())?,
            Err(error) => writeln!(stdout(), "refused {}", root_cause(&error))?,
        }
    }
    Ok(())
}

/// The innermost error: what the verifier said.
fn root_cause(error: &dyn Error) -> &dyn Error {
    error.source().map_or(error, root_cause)
}
