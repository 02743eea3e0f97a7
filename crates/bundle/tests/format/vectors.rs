//! Every vector of `tests/vectors`, judged again: an unexpected success fails as an unexpected refusal does.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::vector::Vector;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

pub(crate) fn files() -> Vec<(String, Vector)> {
    let entries = fs::read_dir(folder()).expect("the folder of vectors exists");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    texts
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("readable");
            let vector = Vector::from_text(&text).expect(&name);
            assert_eq!(vector.to_text(), text, "{name} has one form");
            (name, vector)
        })
        .collect()
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let files = files();
    assert!(files.len() >= 60, "only {} vectors", files.len());
    for (name, vector) in files {
        assert_eq!(vector.clone().judge(), vector, "{name}");
    }
}

#[test]
fn vectors_show_both_outcomes_of_every_kind_and_every_code() {
    let seen: BTreeSet<_> = files().into_iter().map(|(_, vector)| (vector.kind, vector.expect)).collect();
    for kind in ["keyring", "manifest", "head", "update", "seed", "usb"] {
        assert!(seen.contains(&(kind.into(), "accepted".into())), "{kind} is never accepted");
        assert!(
            seen.iter().any(|(k, expect)| k == kind && expect.starts_with("refused")),
            "{kind} is never refused"
        );
    }
    let codes = [
        "body_digest",
        "body_length",
        "channel",
        "commitment_changed",
        "decode",
        "epoch",
        "floor_kept",
        "keyring_too_old",
        "kind",
        "not_newer",
        "parse",
        "recovery_commitment",
        "recovery_missing",
        "step",
        "threshold",
    ];
    for code in codes {
        assert!(
            seen.iter().any(|(_, expect)| *expect == format!("refused {code}")),
            "no vector shows {code}"
        );
    }
}
