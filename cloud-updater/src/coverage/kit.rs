//! Bundles, chains and observations made up for tests of the matrix and of what is found by it.

use std::collections::BTreeSet;

use bundle::UnixSeconds;
use bundle::write::ServiceContent;
use chain::pki::{Authority, Content, Leaf, january};
use rustls_pki_types::CertificateDer;

use super::{JudgedBundle, Sides};
use crate::date::DAY_SECONDS;
use crate::diff::Names;
use crate::observation::{Handshake, Observations, Outcome, TlsVersion};
use crate::repository::service_file::ServiceFile;

pub(crate) const ENDPOINT: &str = "hub.example:8883";

/// The day of everything here.
pub(crate) fn today() -> UnixSeconds {
    january(2026)
}

pub(crate) fn ago(days: u64) -> UnixSeconds {
    UnixSeconds(today().0 - days * DAY_SECONDS)
}

pub(crate) fn root(name: &str) -> Authority {
    Authority::root(name, 2020..2040)
}

pub(crate) fn hub(service: &mut ServiceContent) {
    service.hosts = vec![ENDPOINT.to_owned()];
}

/// A bundle of these anchors in which all of them serve the hub.
pub(crate) fn anchored(anchors: &[&CertificateDer<'_>]) -> Content {
    let bare = anchors.iter().fold(Content::default(), |content, anchor| content.anchor(anchor));
    bare.service_with("hub", &[], hub)
}

pub(crate) fn bundle(number: u32, content: &Content) -> JudgedBundle {
    let release = content.release(number);
    JudgedBundle::of_document(&release.document, &release.blobs, |order| format!("release {order}")).unwrap()
}

pub(crate) fn sides(held: &[&Content], candidate: &Content) -> Sides {
    let held = (1..).zip(held).map(|(number, content)| bundle(number, content)).collect();
    let candidate = bundle(9, candidate);
    Sides { channel: "prod".to_owned(), held, candidate, names: Names::default() }
}

pub(crate) fn served(leaf: &Leaf, more: &[&CertificateDer<'_>]) -> Handshake {
    let chain = std::iter::once(&leaf.certificate).chain(more.iter().copied());
    let chain = chain.map(|certificate| certificate.to_vec()).collect();
    Handshake { tls: TlsVersion::V13, outcome: Outcome::Served, detail: None, chain }
}

pub(crate) fn timed_out() -> Handshake {
    Handshake { tls: TlsVersion::V13, outcome: Outcome::TimedOut, detail: None, chain: Vec::new() }
}

/// What a vantage came to know, day by day.
pub(crate) fn seen(vantage: &str, days: Vec<(u64, Handshake)>) -> Observations {
    let mut observations = Observations::empty(vantage);
    for (days, handshake) in days {
        let services = BTreeSet::from(["hub".to_owned()]);
        observations.record(ENDPOINT, &services, Some("hub.example"), vec![handshake], ago(days));
    }
    observations
}

pub(crate) fn services(rest: &str) -> ServiceFile {
    let text = format!("[services.hub]\nhosts = ['{ENDPOINT}']\nanchors = 'all'\n{rest}");
    ServiceFile::parse(&text).unwrap()
}
