//! GETs published files as a device does: bounded, without redirects, cookies or credentials.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode};
use tokio::runtime::{self, Runtime};
use url::Url;

use super::origin::{ReadError, read_file};
use crate::{Error, Exit, http_url};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long one file may take.
const REQUEST: Duration = Duration::from_secs(60);

/// Most bytes of a file of TLS roots.
const ROOTS_BYTES_MAX: u64 = 4 << 20;

/// A published tree behind HTTP.
pub(super) struct Fetcher {
    base: Url,
    client: Client,
    runtime: Runtime,
}

impl Fetcher {
    /// The tree at `base`; TLS trusts `roots` alone where they are given, else what this machine trusts.
    pub(super) fn new(base: &str, roots: Option<&Path>) -> Result<Self, Error> {
        let refused = |message: &str| Error::usage("bad_url", message).place(base);
        let mut url = http_url::parse(base, "devices send none, and command lines are no secret")?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("carries a query or fragment: give the URL of the tree's root"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let (client, runtime) = (client(roots)?, runtime()?);
        Ok(Self { base: url, client, runtime })
    }

    /// The bytes of the file at `path`; `None` where the server has none.
    pub(super) fn get(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let url = self.base.join(path).map_err(|error| ReadError::Network(error.to_string()))?;
        self.runtime.block_on(fetch(&self.client, url, bytes_max))
    }
}

/// The bytes of one URL, over what this machine trusts; `None` where the server has none.
///
/// # Errors
/// Exit code 2: it is no URL of HTTP or HTTPS; inside, what the network or the server said.
pub(crate) fn get(url: &str, bytes_max: u64) -> Result<Result<Option<Vec<u8>>, ReadError>, Error> {
    let parsed = http_url::parse(url, "what is fetched is public, and the repository is too")?;
    let (client, runtime) = (client(None)?, runtime()?);
    Ok(runtime.block_on(fetch(&client, parsed, bytes_max)))
}

/// As [`get`], several files of the tree at `base` over one client, inside a runtime; the first that cannot be fetched
/// ends it.
///
/// # Errors
/// Exit code 2: it is no URL of HTTP or HTTPS; inside, what the network or the server said.
pub(crate) async fn files_below(
    base: &str,
    paths: &[String],
    bytes_max: u64,
) -> Result<Result<Vec<Option<Vec<u8>>>, ReadError>, Error> {
    let base = format!("{}/", base.trim_end_matches('/'));
    let base = http_url::parse(&base, "devices send none, and command lines are no secret")?;
    let client = client(None)?;
    let mut files = Vec::new();
    for path in paths {
        let url = base.join(path).map_err(|error| ReadError::Network(error.to_string()));
        match async { fetch(&client, url?, bytes_max).await }.await {
            Ok(file) => files.push(file),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(files))
}

fn client(roots: Option<&Path>) -> Result<Client, Error> {
    // Somebody may have chosen a provider before; any is as good for this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(REQUEST)
        .user_agent(concat!("cloud-updater/", env!("CARGO_PKG_VERSION")));
    if let Some(roots) = roots {
        builder = builder.tls_certs_only(certificates(roots)?);
    }
    builder.build().map_err(|error| set_up().because(error))
}

fn runtime() -> Result<Runtime, Error> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| set_up().because(error))
}

async fn fetch(client: &Client, url: Url, bytes_max: u64) -> Result<Option<Vec<u8>>, ReadError> {
    let mut response = client.get(url).send().await.map_err(|error| network(&error))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Ok(None),
        other => return Err(ReadError::Network(format!("the server answers {other}"))),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| network(&error))? {
        bytes.extend_from_slice(&chunk);
        if !u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
            return Err(ReadError::TooLarge(bytes_max));
        }
    }
    Ok(Some(bytes))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, Error> {
    let refused = |message: &str| Error::usage("bad_ca", message).file(path).field("--ca");
    let pem = match read_file(path, ROOTS_BYTES_MAX) {
        Ok(Some(pem)) => pem,
        Ok(None) => return Err(refused("does not exist")),
        Err(error) => {
            return Err(Error::new(Exit::Io, "file_unreadable", "cannot be read").file(path).because(error));
        }
    };
    let certificates =
        Certificate::from_pem_bundle(&pem).map_err(|error| refused("is not a PEM file").because(error))?;
    if certificates.is_empty() { Err(refused("holds no certificate")) } else { Ok(certificates) }
}

fn set_up() -> Error {
    Error::new(Exit::Io, "set_up", "the HTTP client cannot be set up")
}

/// The error and its causes; the URL is named by whoever reports it.
fn network(error: &reqwest::Error) -> ReadError {
    let mut text = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = if text.is_empty() { cause.to_string() } else { format!("{text}: {cause}") };
        source = cause.source();
    }
    ReadError::Network(if text.is_empty() { error.to_string() } else { text })
}
