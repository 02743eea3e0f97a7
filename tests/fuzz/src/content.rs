//! Contents of documents, made up from an input: always ones that a signer may sign.

use arbitrary::{Result, Unstructured};
use bundle::{
    AnchorState, Denial, DenialKind, ExpectedName, Floor, Order, Pin, PinKind, Previous, Purposes, Role,
    Sha256, UnixSeconds, extension_id, limits,
    write::{
        AnchorContent, ConstraintContent, ExpectationContent, ExtensionContent, GroupContent, HeadContent,
        IntermediateContent, KeyringContent, ManifestContent, ServiceAnchors, ServiceContent,
    },
};

use crate::fleet;

/// Most items of a list: enough to have first, middle and last ones.
const ITEMS_MAX: usize = 3;

/// A manifest; a revoke-all where it is to have no anchors.
pub(crate) fn manifest(u: &mut Unstructured<'_>, has_anchors: bool) -> Result<ManifestContent> {
    let mut anchors = if has_anchors { list(u, 1, anchor)? } else { Vec::new() };
    anchors.sort_by_key(|anchor| anchor.sha256);
    anchors.dedup_by_key(|anchor| anchor.sha256);
    let mut intermediates = list(u, 0, |u| {
        Ok(IntermediateContent {
            sha256: sha256(u)?,
            length: u.int_in_range(1..=limits::CERTIFICATE_BYTES_MAX)?,
        })
    })?;
    intermediates.sort_by_key(|intermediate| intermediate.sha256);
    intermediates.dedup_by_key(|intermediate| intermediate.sha256);
    let hashes: Vec<Sha256> = anchors.iter().map(|anchor| anchor.sha256).collect();
    let mut services = list(u, 0, |u| service(u, &hashes))?;
    services.sort_by(|one, other| one.name.cmp(&other.name));
    services.dedup_by(|one, other| one.name == other.name);
    let mut denials = list(u, 0, denial)?;
    let mut distrust_orders = list(u, 0, |u| Ok((sha256(u)?, text(u, limits::NOTE_BYTES_MAX)?)))?;
    distrust_orders.sort();
    distrust_orders.dedup_by_key(|(sha256, _)| *sha256);
    let ordered = distrust_orders.iter().map(|(sha256, _)| *sha256);
    denials.extend(ordered.map(|sha256| Denial { kind: DenialKind::Certificate, sha256 }));
    let urls = list(u, 0, |u| Ok(format!("https://{}/", host(u)?)))?;
    Ok(ManifestContent { anchors, intermediates, services, denials, distrust_orders, urls })
}

fn anchor(u: &mut Unstructured<'_>) -> Result<AnchorContent> {
    Ok(AnchorContent {
        sha256: sha256(u)?,
        length: u.int_in_range(1..=limits::CERTIFICATE_BYTES_MAX)?,
        state: *u.choose(&[AnchorState::Next, AnchorState::Active, AnchorState::Retiring])?,
        purposes: Purposes(u.arbitrary()?),
        added_day: u.arbitrary()?,
        retire_day: u.arbitrary()?,
        note: text(u, limits::NOTE_BYTES_MAX)?,
        constraints: list(u, 0, constraint)?,
        extensions: extensions(u)?,
    })
}

fn constraint(u: &mut Unstructured<'_>) -> Result<ConstraintContent> {
    let mut subtrees = list(u, 0, host)?;
    subtrees.sort();
    subtrees.dedup();
    Ok(ConstraintContent { issued_from: time(u)?, distrust_after: time(u)?, expires_at: time(u)?, subtrees })
}

fn extensions(u: &mut Unstructured<'_>) -> Result<Vec<ExtensionContent>> {
    let mut extensions = list(u, 0, |u| {
        let content = u.arbitrary::<[u8; 4]>()?.to_vec();
        Ok(ExtensionContent { id: u.arbitrary()?, critical: u.arbitrary()?, content })
    })?;
    extensions.sort_by(|one, other| (one.id, &one.content).cmp(&(other.id, &other.content)));
    extensions.dedup_by(|one, other| (one.id, &one.content) == (other.id, &other.content));
    Ok(extensions)
}

fn service(u: &mut Unstructured<'_>, anchors: &[Sha256]) -> Result<ServiceContent> {
    let listed = |u: &mut Unstructured<'_>| list(u, 1, |u| u.choose(anchors).copied());
    let all = anchors.is_empty() || u.arbitrary()?;
    let mut hosts = list(u, 1, |u| {
        let host = host(u)?;
        Ok(match u.int_in_range(0..=2)? {
            0 => host,
            1 => format!("*.{host}:{}", u.int_in_range(1..=u16::MAX)?),
            _ => format!("[::{:x}]:8443", u.arbitrary::<u16>()?),
        })
    })?;
    hosts.sort();
    hosts.dedup();
    let mut pins = list(u, 0, |u| {
        let kind = *u.choose(&[PinKind::Spki, PinKind::Certificate])?;
        Ok(Pin { kind, sha256: sha256(u)?, until: UnixSeconds(u.arbitrary()?) })
    })?;
    pins.sort();
    pins.dedup();
    Ok(ServiceContent {
        name: label(u)?,
        hosts,
        anchors: if all { ServiceAnchors::All } else { ServiceAnchors::Listed(listed(u)?) },
        pins,
        probe: u.arbitrary()?,
        extensions: service_extensions(u)?,
    })
}

/// Extensions of a service: any, and expectations that can be read.
fn service_extensions(u: &mut Unstructured<'_>) -> Result<Vec<ExtensionContent>> {
    let mut extensions = extensions(u)?;
    extensions.retain(|extension| extension.id != extension_id::EXPECTATIONS);
    let expectations = list(u, 0, |u| {
        Ok(ExpectationContent {
            name: *u.choose(&ExpectedName::ALL)?,
            attributes: list(u, 1, |u| Ok((u.arbitrary::<[u8; 3]>()?.to_vec(), label(u)?)))?,
            until: UnixSeconds(u.arbitrary()?),
        })
    })?;
    extensions.extend(ExpectationContent::extension(&expectations));
    extensions.sort_by(|one, other| (one.id, &one.content).cmp(&(other.id, &other.content)));
    Ok(extensions)
}

fn denial(u: &mut Unstructured<'_>) -> Result<Denial> {
    Ok(Denial { kind: *u.choose(&[DenialKind::Certificate, DenialKind::Spki])?, sha256: sha256(u)? })
}

/// A head of epoch 0.
pub(crate) fn head(u: &mut Unstructured<'_>) -> Result<HeadContent> {
    let number = u.int_in_range(1..=u32::MAX)?;
    let previous = if u.arbitrary()? {
        Some(Previous { epoch: 0, number: u.int_in_range(0..=number - 1)?, digest: sha256(u)? })
    } else {
        None
    };
    // A body has 96 bytes: one release before takes the place of groups.
    let groups = if previous.is_none() && u.arbitrary()? {
        vec![GroupContent { name: label(u)?, share: u.int_in_range(0..=limits::SHARE_MAX)? }]
    } else {
        Vec::new()
    };
    Ok(HeadContent {
        keyring_version: u.int_in_range(1..=1_000)?,
        release: Order::new(0, number),
        release_digest: sha256(u)?,
        lifetime_seconds: u.int_in_range(1..=limits::HEAD_LIFETIME_SECONDS_MAX)?,
        refresh_seconds: u.int_in_range(0..=limits::REFRESH_SECONDS_MAX)?,
        share: u.int_in_range(0..=limits::SHARE_MAX)?,
        previous,
        groups,
    })
}

/// A keyring that follows the first generation: other release and head keys, the same who sign it.
pub(crate) fn keyring(u: &mut Unstructured<'_>) -> Result<KeyringContent> {
    let numbers = |u: &mut Unstructured<'_>, from: u8| -> Result<Vec<u8>> {
        let count = u.int_in_range(1..=3)?;
        Ok((from..from + count).collect())
    };
    let tens = *u.choose(&[40, 50])?;
    let release = numbers(u, tens)?;
    let head = numbers(u, 60)?;
    let threshold = u.int_in_range(1..=u8::try_from(release.len()).unwrap_or(1))?;
    let mut floors = list(u, 0, |u| {
        let role = *u.choose(&[Role::Release, Role::Head])?;
        Ok(Floor { channel: fleet::channel(), role, epoch: 0, number: u.arbitrary()? })
    })?;
    floors.sort_by_key(|floor| floor.role);
    floors.dedup_by_key(|floor| floor.role);
    Ok(KeyringContent {
        fleet: label(u)?,
        release: fleet::role(threshold, &release),
        head: fleet::role(1, &head),
        echo: if u.arbitrary()? { Some(fleet::role(1, &[31])) } else { None },
        floors,
        time_floor: time(u)?,
        ..fleet::keyring_content()
    })
}

fn list<T>(
    u: &mut Unstructured<'_>,
    at_least: usize,
    item: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = u.int_in_range(at_least..=ITEMS_MAX)?;
    (0..count).map(|_| item(u)).collect()
}

fn sha256(u: &mut Unstructured<'_>) -> Result<Sha256> {
    // Few different ones, so that lists name the same certificate.
    Ok(Sha256([u.int_in_range(0..=7)?; 32]))
}

fn time(u: &mut Unstructured<'_>) -> Result<Option<UnixSeconds>> {
    Ok(u.arbitrary::<Option<u64>>()?.map(UnixSeconds))
}

fn text(u: &mut Unstructured<'_>, bytes_max: usize) -> Result<String> {
    let text: &str = u.arbitrary()?;
    let end = (0..=bytes_max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Ok(text.split_at(end).0.to_owned())
}

fn label(u: &mut Unstructured<'_>) -> Result<String> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let count = u.int_in_range(1..=12)?;
    (0..count).map(|_| u.choose(LETTERS).map(|letter| char::from(*letter))).collect()
}

fn host(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(format!("{}.example", label(u)?))
}
