//! Anchors found by what a served certificate says of its issuer, without reading the others.

use chain::Certificate;
use chain::pki::{Authority, Content, denial};
use trust_store::Installed;

use crate::device::Device;
use crate::tls::content;

fn roots(count: usize) -> Vec<Authority> {
    (0..count).map(|number| Authority::root(&format!("Root {number}"), 2000..2100)).collect()
}

/// What is found of the issuer of `certificate`, by its name and by its key's id.
fn issuers<'a>(installed: &'a Installed, service: &str, certificate: &[u8]) -> [Vec<&'a [u8]>; 2] {
    let certificate = Certificate::parse(certificate).unwrap();
    let lookup = installed.lookup(service).unwrap();
    let by_name = lookup.by_subject(certificate.issuer().as_der()).collect();
    [by_name, certificate.authority_key_id().map(|id| lookup.by_key_id(id).collect()).unwrap_or_default()]
}

#[test]
fn the_issuer_of_a_served_certificate_is_found_among_many() {
    let roots = roots(40);
    let device = Device::with(&content(&roots.iter().collect::<Vec<_>>()));
    let installed = device.open().installed();
    for root in &roots {
        // rcgen writes an authority key identifier where it is asked to.
        let leaf = root
            .leaf_with("hub.example", 2000..2100, |leaf| leaf.use_authority_key_identifier_extension = true);
        let found = issuers(&installed, "hub", &leaf.certificate);
        assert_eq!(found, [[root.certificate().as_ref()], [root.certificate().as_ref()]]);
    }
    let stranger = Authority::root("Stranger", 2000..2100).leaf("hub.example", 2000..2100);
    assert_eq!(issuers(&installed, "hub", &stranger.certificate)[0], Vec::<&[u8]>::new());
    assert_eq!(
        installed.lookup("hub").unwrap().by_key_id(b"").count(),
        0,
        "an anchor without an id has not the empty one"
    );
}

#[test]
fn two_anchors_of_one_name_are_both_found() {
    let (old, new) = (Authority::root("Root", 2000..2100), Authority::root("Root", 2000..2100));
    let installed = Device::with(&content(&[&old, &new])).open().installed();
    let leaf = old.leaf("hub.example", 2000..2100);
    assert_eq!(issuers(&installed, "hub", &leaf.certificate)[0].len(), 2);
}

#[test]
fn what_another_service_trusts_or_nobody_may_trust_is_not_found() {
    let roots = roots(3);
    let content = roots.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    let content = content.service("hub", &[roots[0].certificate(), roots[1].certificate()]);
    let mut device = Device::with(&content);
    device.deny(&[denial(roots[1].certificate())]);
    let installed = device.open().installed();
    let found = |root: &Authority| issuers(&installed, "hub", root.certificate())[0].len();
    assert_eq!(roots.iter().map(found).collect::<Vec<_>>(), [1, 0, 0]);
    assert!(installed.lookup("hbu").is_none());
}

#[test]
fn a_lookup_among_120_anchors_allocates_nothing() {
    let roots = roots(120);
    let installed = Device::with(&content(&roots.iter().collect::<Vec<_>>())).open().installed();
    let name = Certificate::parse(roots[77].certificate()).unwrap().subject().as_der().to_vec();
    let mut found = 0;
    let looking = allocation_counter::measure(|| {
        found = installed.lookup("hub").map_or(0, |lookup| lookup.by_subject(&name).count());
    });
    assert_eq!((found, looking.count_total), (1, 0));
}
