//! For which names it issues (RFC 5280 §4.2.1.10): the form in which that is said.

use x509_parser::asn1_rs::{Any, Oid, oid};
use x509_parser::extensions::{GeneralName, NameConstraints, ParsedExtension};

use super::{Look, Role};
use crate::certificate::der_items;
use crate::lint::rule::Problem;
use crate::lint::rules::issuing::{
    NAME_CONSTRAINTS_FORM, NAME_CONSTRAINTS_LEADING_DOT, NAME_CONSTRAINTS_NOT_CRITICAL,
    NAME_CONSTRAINTS_OF_ANCHOR, NAME_CONSTRAINTS_OUTSIDE_CA,
};
use crate::printable::printable;

const NAME_CONSTRAINTS: Oid<'static> = oid!(2.5.29.30);

pub(super) fn examine(look: &Look<'_>, problems: &mut Vec<Problem>) {
    let Some(extension) = look.x509.extensions().iter().find(|extension| extension.oid == NAME_CONSTRAINTS)
    else {
        return;
    };
    if !extension.critical {
        problems.push(NAME_CONSTRAINTS_NOT_CRITICAL.broken("has name constraints that are not critical"));
    }
    if !matches!(look.x509.basic_constraints(), Ok(Some(basic)) if basic.value.ca) {
        problems.push(NAME_CONSTRAINTS_OUTSIDE_CA.broken("is no CA and has name constraints"));
    } else if look.role == Role::Anchor {
        problems.push(NAME_CONSTRAINTS_OF_ANCHOR.broken("is an anchor with name constraints of its own"));
    }
    if let ParsedExtension::NameConstraints(constraints) = extension.parsed_extension() {
        let dotted = bases(constraints).filter_map(|base| match base {
            GeneralName::DNSName(name) if name.starts_with('.') => Some(*name),
            _ => None,
        });
        let dotted: Vec<&str> = dotted.collect();
        if !dotted.is_empty() {
            let message = format!("has name constraints with {}", dotted.join(", "));
            problems.push(NAME_CONSTRAINTS_LEADING_DOT.broken(printable(&message)));
        }
        let faults = faults(constraints).into_iter().chain(distances(extension.value));
        problems.extend(
            faults.map(|fault| NAME_CONSTRAINTS_FORM.broken(format!("has name constraints {fault}"))),
        );
    }
}

fn faults(constraints: &NameConstraints<'_>) -> Vec<String> {
    let lists = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
    if lists.iter().all(|list| list.as_ref().is_none_or(Vec::is_empty)) {
        return vec!["without a subtree".to_owned()];
    }
    bases(constraints).filter_map(base_fault).collect()
}

fn bases<'a, 'b>(constraints: &'a NameConstraints<'b>) -> impl Iterator<Item = &'a GeneralName<'b>> {
    let lists = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
    lists.into_iter().flatten().flatten().map(|subtree| &subtree.base)
}

fn base_fault(base: &GeneralName<'_>) -> Option<String> {
    match base {
        GeneralName::DNSName(name) => dns_fault(name),
        GeneralName::IPAddress(octets) => network_fault(octets),
        GeneralName::Invalid(tag, _) => Some(format!("with an unreadable subtree of tag {}", tag.0)),
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::RegisteredID(_) => None,
    }
}

/// The empty name stands for all names; of a dot in front another rule speaks.
fn dns_fault(name: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let plain = name.strip_prefix('.').unwrap_or(name);
    let has_empty_label = !plain.is_empty() && plain.split('.').any(str::is_empty);
    (has_empty_label || !plain.chars().all(is_plain)).then(|| format!("with the host name {name:?}"))
}

/// An address and a mask of the same length, whose ones stand in front.
fn network_fault(octets: &[u8]) -> Option<String> {
    if !matches!(octets.len(), 8 | 32) {
        return Some(format!(
            "with a network of {} octets, where 8 or 32 are address and mask",
            octets.len()
        ));
    }
    let (_, mask) = octets.split_at(octets.len() / 2);
    let mut bits = mask.iter().flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0));
    let has_gap = bits.by_ref().any(|bit| !bit) && bits.any(|bit| bit);
    has_gap.then(|| "with a network whose mask has a gap".to_owned())
}

/// Minimum and maximum, which nobody implements: minimum is zero and left out, maximum absent.
fn distances(value: &[u8]) -> Vec<String> {
    use x509_parser::asn1_rs::FromDer as _;
    let inside = |any: &Any<'_>| der_items(any.data).map_or(0, |items| items.len());
    let Ok((_, sequence)) = Any::from_der(value) else { return Vec::new() };
    let lists = der_items(sequence.data).unwrap_or_default();
    let subtrees = lists.iter().flat_map(|(list, _)| der_items(list.data).unwrap_or_default());
    let found = subtrees.filter(|(subtree, _)| inside(subtree) > 1).count();
    if found == 0 { Vec::new() } else { vec![format!("with a minimum or maximum in {found} subtrees")] }
}
