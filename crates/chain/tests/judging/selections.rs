//! Sets for one peer: what is read of a release, and what is kept of it.

use crate::kit::{Case, NOW, World};
use bundle::Purposes;
use chain::pki::{Authority, Content, Release, denial};
use chain::{AnchorSet, STEPS_MAX, Selection, SelectionError, Served, Steps, Verdict};
use rustls_pki_types::ServerName;

fn select(
    release: &Release,
    selection: Selection<'_>,
    served: Option<&Served<'_>>,
) -> Result<(AnchorSet, usize), SelectionError<&'static str>> {
    let mut bytes_read = 0;
    let set = AnchorSet::select(&release.manifest(), selection, served, |offset, into| {
        let from = usize::try_from(offset).unwrap();
        bytes_read += into.len();
        into.copy_from_slice(release.blobs.get(from..from + into.len()).ok_or("too short")?);
        Ok(())
    })?;
    Ok((set, bytes_read))
}

fn verdict(set: &AnchorSet, case: &Case) -> Verdict {
    let (name, mut steps) = (ServerName::try_from(case.host).unwrap(), Steps::new());
    (0..=STEPS_MAX * 8).find_map(|_| set.verdict_step(&case.served(&name), case.time, &mut steps)).unwrap()
}

/// A release with more in it than the peer needs.
fn rich(world: &World) -> Content {
    let others: Vec<_> = (0..3).map(|_| Authority::root("Other", 2020..2040)).collect();
    let content = others.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    content
        .anchor(world.root.certificate())
        .intermediate(others[0].intermediate("Other", 2020..2030).certificate())
        .intermediate(world.intermediate.certificate())
        .service_with("hub", &[world.root.certificate()], |hub| hub.hosts = vec!["hub.example".into()])
        .service_with("storage", &[others[1].certificate()], |storage| {
            storage.hosts = vec!["*.blob.example".into()]
        })
}

#[test]
fn a_set_for_one_peer_judges_as_the_whole_bundle_does() {
    let world = World::new();
    let denied = rich(&world).deny([denial(world.intermediate.certificate())]);
    for content in [rich(&world), denied] {
        let (release, whole) = (content.release(1), content.set());
        for case in [
            world.case(),
            Case { intermediates: Vec::new(), ..world.case() },
            Case { host: "other.example", ..world.case() },
        ] {
            let name = ServerName::try_from(case.host).unwrap();
            let served = case.served(&name);
            for (service, expect) in [("hub", whole.service("hub")), ("storage", whole.service("storage"))] {
                for kept in [None, Some(&served)] {
                    let (set, _) = select(&release, Selection::Service(service), kept).unwrap();
                    assert_eq!(verdict(&set, &case), expect.unwrap().verdict(&served, NOW));
                }
            }
        }
    }
}

#[test]
fn a_host_is_judged_by_the_services_that_name_it_or_by_every_anchor() {
    let world = World::new();
    let release = rich(&world).release(1);
    let check = |host: &'static str, expect: &str| {
        let leaf = world.intermediate.leaf(host, 2025..2027).certificate;
        let case = Case { leaf, host, ..world.case() };
        let (set, _) = select(&release, Selection::Host(host), None).unwrap();
        assert_eq!(verdict(&set, &case).code(), expect, "{host}");
    };
    check("hub.example", "verified");
    check("a.blob.example", "chain");
    check("updates.example", "verified");
}

#[test]
fn an_anchor_of_another_service_is_not_even_read() {
    let world = World::new();
    let release = rich(&world).release(1);
    let (_, bytes) = select(&release, Selection::Service("hub"), None).unwrap();
    let others: usize = release.manifest().all_anchors().iter().map(|anchor| anchor.length as usize).sum();
    let root = world.root.certificate().len();
    assert_eq!(bytes, release.blobs.len() - others + root);
}

#[test]
fn what_a_chain_does_not_lead_to_is_not_kept() {
    let world = World::new();
    let content = (0..5)
        .fold(world.content(), |content, _| content.anchor(Authority::root("Far", 2020..2040).certificate()));
    let (release, case) = (content.release(1), world.case());
    let name = ServerName::try_from(case.host).unwrap();
    let usable = |served| {
        let (set, _) = select(&release, Selection::Service("hub"), served).unwrap();
        set.service("hub").unwrap().usable_anchors(chain::Purpose::ServerAuth, NOW).count()
    };
    assert_eq!((usable(None), usable(Some(&case.served(&name)))), (6, 1));
}

#[test]
fn a_changed_certificate_and_a_failed_read_make_no_set() {
    let world = World::new();
    let mut release = rich(&world).release(1);
    assert_eq!(
        select(&release, Selection::Service("none"), None).unwrap_err(),
        SelectionError::UnknownService
    );
    let last = release.blobs.len() - 1;
    release.blobs[last] ^= 1;
    let found = select(&release, Selection::Service("hub"), None).unwrap_err();
    assert!(matches!(found, SelectionError::Digest { .. }), "{found:?}");
    release.blobs.pop();
    assert_eq!(
        select(&release, Selection::Service("hub"), None).unwrap_err(),
        SelectionError::Read("too short")
    );
}

#[test]
fn purposes_are_judged_in_a_selected_set_too() {
    let world = World::new();
    let only = Content::default()
        .anchor_with(world.root.certificate(), |entry| entry.purposes = Purposes::EMAIL)
        .service("hub", &[]);
    let (set, _) = select(&only.release(1), Selection::Host("elsewhere.example"), None).unwrap();
    assert_eq!(verdict(&set, &world.case()).code(), "purpose");
}
