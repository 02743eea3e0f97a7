//! The header is the one that this crate makes, and codes and reasons are those of the agent.

use std::ffi::CStr;
use std::{fs, path::Path};

use device_agent::Reason;

use crate::entry::guarded;
use crate::reason::REASONS;
use crate::{Code, code};

#[test]
fn the_header_is_generated_from_this_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/trust_store.h");
    let bindings = cbindgen::Builder::new()
        .with_crate(root)
        .with_config(cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap())
        .generate()
        .unwrap();
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).unwrap();
    let found = fs::read_to_string(&path).unwrap_or_default();
    if made != found {
        // The next run passes, if a person finds that the difference is right.
        #[expect(clippy::disallowed_methods, reason = "a source file, written for a person to look at")]
        fs::write(&path, &made).unwrap();
    }
    assert!(made == found, "{} was not up to date; it is now: look at the difference", path.display());
}

#[test]
fn every_reason_of_a_chain_or_a_store_is_the_agents() {
    for (number, name) in REASONS {
        let reason = Reason::from_number(number).unwrap();
        assert_eq!(reason.c_name(), name);
    }
    let of_chains = |number| (120..=139).contains(&number) || number == 146;
    for reason in Reason::ALL.iter().filter(|reason| of_chains(reason.number())) {
        assert!(REASONS.iter().any(|(number, _)| *number == reason.number()), "{}", reason.name());
    }
}

/// The names and numbers of `#define PREFIX_NAME NUMBER` in a header.
fn defined(header: &str, prefix: &str) -> Vec<(String, i64)> {
    let of_line = |line: &str| {
        let (name, number) = line.strip_prefix("#define ")?.strip_prefix(prefix)?.split_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    header.lines().filter_map(of_line).collect()
}

#[test]
fn what_both_interfaces_have_has_one_name_and_one_number() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let ours = defined(&read("include/trust_store.h"), "TRUST_STORE_");
    let agents = defined(&read("../c-api/include/device_agent.h"), "DEVICE_AGENT_");
    let mut shared = 0;
    for (name, number) in &ours {
        let same_name = agents.iter().find(|(other, _)| other == name);
        assert!(same_name.is_none_or(|(_, other)| other == number), "{name}");
        // A failure of one interface never looks like another failure of the other one.
        let same_number = agents.iter().find(|(_, other)| other == number && *number < 0);
        assert!(same_number.is_none_or(|(other, _)| other == name), "{name} {number}");
        shared += usize::from(same_name.is_some());
    }
    assert!(shared >= 15, "{shared} names are shared");
}

#[test]
fn every_code_has_its_own_number_and_name() {
    for (place, one) in Code::ALL.iter().enumerate() {
        for other in &Code::ALL[place + 1..] {
            assert!(one.number() != other.number() && one.name() != other.name(), "{one:?} {other:?}");
        }
        // SAFETY: names are C strings that live for ever.
        let name = unsafe { CStr::from_ptr(code::trust_store_code_name(one.number())) };
        assert_eq!(name, one.name());
    }
    // SAFETY: as above.
    let unknown = unsafe { CStr::from_ptr(code::trust_store_code_name(-999)) };
    assert_eq!(unknown, c"unknown");
}

#[test]
fn a_panic_ends_inside_as_a_code() {
    assert_eq!(guarded(|| panic!("a bug")), code::TRUST_STORE_BUG);
    assert_eq!(guarded(|| Ok(0)), code::TRUST_STORE_OK);
}
