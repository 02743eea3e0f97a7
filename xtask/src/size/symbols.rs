//! The symbols of a program for Arm, and the crate that each belongs to.

use std::{collections::BTreeMap, path::Path};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};

use crate::{failure::Failure, files};

/// Prefixes of names that C and assembly have in a crate.
const C_PREFIXES: [(&str, &str); 2] = [("ring_core_", "ring (C, assembly)"), ("device_agent_", "c-api")];
/// Whatever else C calls.
const C: &str = "C library and app";

/// Bytes of flash that named functions and constants of each crate take.
pub(super) fn bytes_by_crate(program: &Path) -> Result<BTreeMap<String, u64>, Failure> {
    let unreadable = |error: object::Error| Failure::Unreadable {
        what: program.display().to_string(),
        message: error.to_string(),
    };
    let bytes = files::read(program)?;
    let file = object::File::parse(&*bytes).map_err(unreadable)?;
    let mut found = BTreeMap::new();
    for symbol in file.symbols() {
        let is_named = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data) && symbol.size() > 0;
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        let is_in_flash =
            section.is_some_and(|section| !matches!(section.kind(), SectionKind::UninitializedData));
        if is_named && is_in_flash {
            let owner = owner(symbol.name().map_err(unreadable)?);
            let entry = found.entry(owner).or_insert(0_u64);
            *entry = entry.saturating_add(symbol.size());
        }
    }
    Ok(found)
}

/// The crate that a symbol belongs to: the first of its path, or what C is known by.
pub(crate) fn owner(symbol: &str) -> String {
    let Ok(name) = rustc_demangle::try_demangle(symbol) else {
        let of_crate = C_PREFIXES.iter().find(|(prefix, _)| symbol.starts_with(prefix));
        return of_crate.map_or(C, |(_, owner)| owner).to_owned();
    };
    let name = format!("{name:#}");
    let path = name.trim_start_matches(['<', '&', '[', '(', '*']);
    let path = ["mut ", "const ", "dyn "].iter().fold(path, |path, word| path.trim_start_matches(word));
    let owner = first_of(path);
    // A trait that another crate implements for a type of the library is that crate's code.
    let of_trait = path.split_once(" as ").map(|(_, path)| first_of(path)).filter(|_| name.starts_with('<'));
    match of_trait.filter(|_| owner == LIBRARY) {
        Some(of_trait) => of_trait.to_owned(),
        None => owner.to_owned(),
    }
}

/// The crate at the beginning of a path.
fn first_of(path: &str) -> &str {
    let end = path.find(|character: char| !character.is_alphanumeric() && character != '_');
    let first = path.get(..end.unwrap_or(path.len())).unwrap_or_default();
    if PRIMITIVES.contains(&first) { LIBRARY } else { first }
}

/// The crate of what the language itself has.
const LIBRARY: &str = "core";
/// Types whose traits the library implements.
const PRIMITIVES: [&str; 12] =
    ["bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i32", "i64", "isize"];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(symbol: &str, expect: &str) {
        assert_eq!(owner(symbol), expect, "{symbol}");
    }

    #[test]
    fn a_symbol_belongs_to_the_crate_that_its_path_begins_with() {
        check("_RNvNtCs27iHSOwAl5_4sha26sha25611compress256", "sha2");
        check("_ZN6bundle8envelope8Envelope5parse17h0123456789abcdefE", "bundle");
        check("_ZN50_$LT$bundle..Error$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE", "bundle");
        check("ring_core_0_17_14__x25519_sc_mask", "ring (C, assembly)");
        check("device_agent_step", "c-api");
        check("printf", "C library and app");
    }
}
