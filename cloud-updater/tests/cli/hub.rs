//! The hub of the runbooks: a TLS server under the old root, which moves when the operator takes the new one into use.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use chain::pki::Leaf;
use rcgen::{CertificateParams, Issuer, KeyPair};

use crate::loopback::{BOTH, serve, server_config};

/// What the fleet calls it.
pub(crate) const ENDPOINT: &str = "hub.example.net:8883";

/// Starts the hub of the world in `folder`; returns its port. It runs as long as the tests do.
pub(crate) fn start(folder: &Path) -> u16 {
    let old = server_config(&leaf(folder, "old-root"), &[], BOTH);
    let new = server_config(&leaf(folder, "new-root"), &[], BOTH);
    let anchors = folder.join("example/anchors");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = if has_moved(&anchors) { &new } else { &old };
            serve(stream, config, &Mutex::default());
        }
    });
    port
}

/// True once the new root is in use.
fn has_moved(anchors: &PathBuf) -> bool {
    let entries = fs::read_dir(anchors).into_iter().flatten().flatten();
    let mut records = entries.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("new-root-") && name.ends_with(".toml")
    });
    records.any(|entry| fs::read_to_string(entry.path()).unwrap_or_default().contains("state = \"active\""))
}

/// A certificate of the hub under the root with this name.
fn leaf(folder: &Path, root: &str) -> Leaf {
    let pem = fs::read_to_string(folder.join(format!("{root}.key"))).unwrap();
    let issuer = Issuer::new(crate::kit::root_parameters(root), KeyPair::from_pem(&pem).unwrap());
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(["hub.example.net".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2099, 1, 1);
    let certificate = parameters.signed_by(&key, &issuer).unwrap().der().clone();
    Leaf { certificate, key: key.serialize_der() }
}
