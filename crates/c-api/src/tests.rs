//! The header is the one that this crate makes.

use std::{fs, path::Path, string::String};

#[test]
fn the_header_is_generated_from_this_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/device_agent.h");
    let bindings = cbindgen::Builder::new()
        .with_crate(root)
        .with_config(cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap())
        .generate()
        .unwrap();
    let mut made = std::vec::Vec::new();
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
