//! The sample behind the promised figures: five real roots (3 × RSA-4096, 2 × P-384), one P-384 root exchanged.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::{
    Document as _, Envelope, Keyring, Kind, Manifest, Order, Sha256,
    write::{HeadContent, ManifestContent, ServiceAnchors, ServiceContent, update},
};

use crate::fixture::{self, anchor, channel, first_keyring, head_content, manifest_document, unsigned};

/// What a device at the old release has, and what it fetches for the new one.
pub(crate) struct FiveRoots {
    /// The provisioned keyring document.
    pub(crate) keyring: Vec<u8>,
    /// The old manifest's body: the base of the patch.
    pub(crate) base: Vec<u8>,
    /// The new head.
    pub(crate) head: Vec<u8>,
    /// The update file, with the new certificate.
    pub(crate) update: Vec<u8>,
    /// The new release's blobs, in its order.
    pub(crate) blobs: Vec<u8>,
    /// Bytes of the exchanged certificate.
    pub(crate) certificate_bytes: usize,
}

/// Mozilla's roots by SHA-256 in hexadecimal.
fn roots() -> BTreeMap<String, Vec<u8>> {
    let text = include_str!("../../../../tests/data/mozilla-history/certs.pem");
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks
        .map(|block| {
            let base64: String =
                block.split("-----END").next().unwrap_or_default().split_whitespace().collect();
            let certificate = STANDARD.decode(base64).expect("base64");
            (Sha256::of(&[&certificate]).to_string(), certificate)
        })
        .collect()
}

fn content(certificates: &[&[u8]]) -> ManifestContent {
    let service = |name: &str, host: &str, count: usize| ServiceContent {
        name: name.into(),
        hosts: vec![host.into()],
        anchors: ServiceAnchors::Listed(
            certificates.iter().take(count).map(|der| Sha256::of(&[der])).collect(),
        ),
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    };
    ManifestContent {
        anchors: certificates.iter().map(|certificate| anchor(certificate)).collect(),
        services: vec![
            service("iot-hub", "*.azure-devices.net:8883", 5),
            service("storage", "*.blob.core.windows.net", 3),
        ],
        ..ManifestContent::default()
    }
}

impl FiveRoots {
    pub(crate) fn new() -> Self {
        let roots = roots();
        let by_size =
            |bytes: core::ops::Range<usize>| roots.values().filter(move |der| bytes.contains(&der.len()));
        let rsa: Vec<&[u8]> = by_size(1_300..1_500).take(3).map(Vec::as_slice).collect();
        let p384: Vec<&[u8]> = by_size(500..620).take(3).map(Vec::as_slice).collect();
        let (old, new) =
            ([rsa[0], rsa[1], rsa[2], p384[0], p384[1]], [rsa[0], rsa[1], rsa[2], p384[0], p384[2]]);
        let keyring = first_keyring();
        let (from, to) = (manifest_document(&content(&old), 411), manifest_document(&content(&new), 412));
        let (base, update, blobs) = {
            let keyring = Keyring::provisioned(&keyring).expect("provisioned");
            let read = |document| {
                let envelope = Envelope::parse_whole(document).expect("parses");
                Manifest::decode(envelope.verify(&keyring, channel()).expect("verifies")).expect("decodes")
            };
            let blob = |sha256: Sha256| new.into_iter().find(|der| Sha256::of(&[der]) == sha256);
            let update = update(Some(&read(&from)), &to, &read(&to), blob).expect("builds");
            let blobs =
                read(&to).blobs().flat_map(|(sha256, _)| blob(sha256).unwrap_or_default().to_vec()).collect();
            (read(&from).body_bytes().to_vec(), update, blobs)
        };
        let head = HeadContent { keyring_version: 1, ..head_content(&to) };
        let head = fixture::document(&unsigned(Kind::Head, Order::new(0, 9_000), 1, head.encode()), &[21]);
        Self { keyring, base, head, update, blobs, certificate_bytes: p384[2].len() }
    }

    /// What a device does with it, under the keyring that it holds: head, manifest out of the update, every blob.
    pub(crate) fn verify_under(
        &self,
        keyring: &Keyring<'_>,
        body: &mut [u8],
    ) -> Result<Order, bundle::VerifyError> {
        let head = bundle::Head::decode(Envelope::parse_whole(&self.head)?.verify(keyring, channel())?)?;
        let prefix = bundle::UpdatePrefix::parse(&self.update)?;
        let header = prefix.verify_header(keyring, channel())?;
        if header.digest() != head.release_digest() {
            return Err(bundle::VerifyError::BodyDigest);
        }
        let length = usize::try_from(header.header().body_length).unwrap_or(usize::MAX);
        let body = body.get_mut(..length).ok_or(bundle::VerifyError::BodyLength)?;
        prefix.patch().apply(&self.base, body)?;
        let manifest = Manifest::decode(header.attach(body)?)?;
        manifest.verify_blobs(&self.blobs)?;
        Ok(manifest.order())
    }

    /// Header and body of the keyring, as a device's journal keeps them.
    pub(crate) fn keyring_as_kept(&self) -> Vec<u8> {
        let envelope = Envelope::parse_whole(&self.keyring).expect("parses");
        [envelope.header_bytes(), envelope.body()].concat()
    }
}
