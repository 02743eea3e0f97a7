//! Sends alerts: a POST with a signed body, tried again with longer and longer pauses, without redirects.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bundle::UnixSeconds;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use ring::hmac;

use super::Outbox;
use crate::{Error, Exit, http_url};

/// Header with the time at which the body was signed, in seconds since 1970: a receiver refuses old ones.
pub const TIME_HEADER: &str = "x-cloud-updater-time";
/// Header with `sha256=` and HMAC-SHA256, in hexadecimal, of the time, a full stop and the body.
pub const SIGNATURE_HEADER: &str = "x-cloud-updater-signature";
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// Times that an alert is tried in one round, and the first pause between two; each is twice as long.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// Shortest secret: as long as what it signs with.
const SECRET_BYTES_MIN: usize = 16;
/// Longest secret that is read.
const SECRET_BYTES_MAX: usize = 4_096;
/// Name of the systemd credential.
const CREDENTIAL: &str = "webhook.secret";

/// Where alerts go.
pub struct Webhook {
    url: Url,
    key: hmac::Key,
    client: Client,
    pause: Duration,
}

impl Webhook {
    /// Alerts go to `url`, signed with the first line of `secret`, else of the systemd credential `webhook.secret`.
    ///
    /// # Errors
    /// Exit code 2 or 3 where the URL, or the secret, is of no use.
    pub fn new(url: &str, secret: Option<&Path>) -> Result<Self, Error> {
        let refused = |message: &str| Error::usage("bad_url", message).field("--webhook");
        let parsed =
            http_url::parse(url, "the body is signed instead").map_err(|error| error.field("--webhook"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret_of(secret)?);
        // Somebody may have chosen a provider before; any is as good for this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().redirect(Policy::none()).referer(false).timeout(REQUEST);
        let client = builder.user_agent(concat!("cloud-updater/", env!("CARGO_PKG_VERSION"))).build();
        let client = client.map_err(|error| refused("cannot be used").because(error))?;
        Ok(Self { url: parsed, key, client, pause: PAUSE })
    }

    /// Sends what waits, the oldest first, and stops at the first that nobody takes: order is kept, nothing is lost.
    ///
    /// # Errors
    /// Exit code 5 where the webhook is down; what waits goes on waiting.
    pub async fn send(&self, outbox: &Outbox, now: UnixSeconds) -> Result<usize, Error> {
        let waiting = outbox.waiting()?;
        for (sent, alert) in waiting.iter().enumerate() {
            if let Err(why) = self.try_often(&alert.body, now).await {
                let left = waiting.len().saturating_sub(sent);
                let message = format!("takes no alerts, {left} wait: {why}");
                let error = Error::new(Exit::Io, "webhook_down", message).place(self.place());
                return Err(error.hint("nothing is lost: they are sent in the next round that reaches it"));
            }
            outbox.remove(&alert.path)?;
        }
        Ok(waiting.len())
    }

    async fn try_often(&self, body: &[u8], now: UnixSeconds) -> Result<(), String> {
        let mut pause = self.pause;
        let mut tries = 1;
        loop {
            match self.post(body, now).await {
                Ok(()) => return Ok(()),
                Err(why) if tries >= TRIES => return Err(why),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = pause.saturating_mul(2);
            tries += 1;
        }
    }

    async fn post(&self, body: &[u8], now: UnixSeconds) -> Result<(), String> {
        let signature = hmac::sign(&self.key, &[now.0.to_string().as_bytes(), b".", body].concat());
        let signature: String = signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header(TIME_HEADER, now.0.to_string())
            .header(SIGNATURE_HEADER, format!("sha256={signature}"))
            .body(body.to_vec());
        let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("it answers {}", answer.status())) }
    }

    /// The URL as errors name it: paths of webhooks are secrets often enough.
    fn place(&self) -> String {
        format!("{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.place()).finish_non_exhaustive()
    }
}

fn secret_of(file: Option<&Path>) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let credential = || {
        let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
        Some(Path::new(&folder).join(CREDENTIAL)).filter(|path| path.is_file())
    };
    let path: PathBuf = file.map(Path::to_owned).or_else(credential).ok_or_else(|| {
        let error = Error::usage("no_secret", "alerts are signed, and there is no secret").field("--webhook");
        error.hint("give --webhook-secret-file FILE, or a systemd credential webhook.secret")
    })?;
    let metadata = fs::metadata(&path).map_err(|error| Error::io("read", &path, error))?;
    if metadata.is_file() && metadata.permissions().mode() & 0o007 != 0 {
        let error = Error::input("secret_readable", "everybody can read this secret").file(&path);
        return Err(error.hint(format!("chmod 600 {}", path.display())));
    }
    let limit = u64::try_from(SECRET_BYTES_MAX).unwrap_or(u64::MAX);
    let bytes = zeroize::Zeroizing::new(crate::input::read(&path, limit, "a secret")?);
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.len() < SECRET_BYTES_MIN {
        let message = format!("its first line is shorter than {SECRET_BYTES_MIN} bytes");
        return Err(Error::input("short_secret", message).file(&path));
    }
    Ok(zeroize::Zeroizing::new(line.to_vec()))
}
