//! Fetched data against local configuration.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::scene::{Scene, TODAY};

/// Every file and folder below a folder.
fn everything(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(everything(&path));
        }
        found.insert(path);
    }
    found
}

#[test]
fn invariant_13_no_path_command_or_host_comes_from_fetched_data() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let before = everything(&device.path("."));

    // Signed by everybody, and yet: a name that is a path is refused as a whole.
    let mut content = scene.content(&[&scene.vendor.old_root, &scene.vendor.new_root]);
    content.services[0].name = "../../outside".into();
    scene.publish(&content, &["old", "new"]);
    assert!(!device.check(TODAY).unwrap().status.success());
    assert_eq!(everything(&device.path(".")), before);

    // What is only text stays text.
    let mut content = scene.content(&[&scene.vendor.old_root, &scene.vendor.new_root]);
    content
        .anchors
        .iter_mut()
        .for_each(|anchor| anchor.note = "$(touch outside) `touch outside`\n; touch outside".into());
    scene.publish(&content, &["old", "new"]);
    drop(device.check(TODAY).unwrap());
    let after = everything(&device.path("."));
    let outside: Vec<_> = after.iter().filter(|path| path.ends_with("outside")).collect();
    assert!(outside.is_empty(), "{outside:?}");
    let trust = device.path("./trust");
    assert!(
        after.difference(&before).all(|path| path.starts_with(&trust)),
        "{:?}",
        after.difference(&before)
    );
}
