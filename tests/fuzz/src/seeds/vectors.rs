//! The format's vectors, as far as fuzzing starts from them.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// One vector.
pub(super) struct Vector {
    /// `keyring`, `manifest`, `head`, `update`, `seed` or `usb`.
    pub(super) kind: String,
    /// The keyring document in force.
    pub(super) keyring: Vec<u8>,
    /// The body that an update's patch starts from.
    pub(super) base: Vec<u8>,
    /// What is judged.
    pub(super) input: Vec<u8>,
}

/// Every vector, by name.
pub(super) fn all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let entries = fs::read_dir(folder).expect("the vectors are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a vector").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    paths.sort();
    paths.iter().map(|path| of_text(&fs::read_to_string(path).expect("a vector is text"))).collect()
}

/// The inputs of these kinds.
pub(super) fn inputs(kinds: &[&str]) -> Vec<Vec<u8>> {
    all()
        .into_iter()
        .filter(|vector| kinds.contains(&vector.kind.as_str()))
        .map(|vector| vector.input)
        .collect()
}

fn of_text(text: &str) -> Vector {
    let field = |name: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.trim())
            .next()
            .expect("a field of every vector")
    };
    let bytes = |name| STANDARD.decode(field(name)).expect("vectors hold base64");
    Vector {
        kind: field("kind").to_owned(),
        keyring: bytes("keyring"),
        base: bytes("base"),
        input: bytes("input"),
    }
}
