//! What the server's tests share.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bundle::Sha256;
use tokio::sync::{mpsc, watch};

use super::args::{Options, Place};
use super::instance::{Instance, Notices};

/// Writes `inside` below `folder`, with the folders above it.
pub(crate) fn put(folder: &Path, inside: &str, bytes: &[u8]) {
    let path = folder.join(inside);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

/// Where a channel's blob stands.
pub(crate) fn blob_path(channel: &str, bytes: &[u8]) -> String {
    format!("{channel}/blob/{}", Sha256::of(&[bytes]))
}

/// A certificate authority for loopback servers.
pub(crate) struct TestAuthority {
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl TestAuthority {
    /// A new one, with a key of its own.
    pub(crate) fn new() -> Self {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        Self { issuer: rcgen::CertifiedIssuer::self_signed(parameters, key).unwrap() }
    }

    /// The authority's certificate.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate and a key for `localhost`, written to `server.pem` and `server.key`.
    pub(crate) fn server_files(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        put(folder, "server.pem", certificate.pem().as_bytes());
        put(folder, "server.key", key.serialize_pem().as_bytes());
        let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        (certificate, key)
    }
}

/// A server over a folder, with a thread and a runtime of its own, for clients that block.
pub(crate) struct TestSite {
    /// Where it answers.
    pub(crate) url: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl TestSite {
    /// Serves `folder` on a free port of the loopback interface.
    pub(crate) fn start(folder: &Path) -> Self {
        let options = Options {
            folder: folder.to_owned(),
            bytes_max: 1 << 24,
            places: vec![Place {
                address: "127.0.0.1:0".parse().unwrap(),
                tls: false,
                tree: true,
                reports: false,
            }],
            identity: None,
            database: None,
            log: false,
            poll: Duration::from_secs(3_600),
            connections: 8,
        };
        let (stop, stopped) = watch::channel(false);
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let instance = Instance::start(options, None, None).await.unwrap();
                sender.send(instance.addresses()[0].url.clone()).unwrap();
                let (_reload, reloads) = mpsc::channel(1);
                instance.run(stopped, reloads, Arc::new(Silence)).await;
            });
        });
        Self { url: receiver.recv().unwrap(), stop, thread: Some(thread) }
    }
}

impl Drop for TestSite {
    fn drop(&mut self) {
        self.stop.send(true).unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

struct Silence;

impl Notices for Silence {
    fn notice(&self, _line: &str) {}

    fn trouble(&self, _line: &str) {}
}
