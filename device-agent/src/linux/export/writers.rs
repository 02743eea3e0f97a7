//! Who else may write in the export folder: whoever can, replaces what every application trusts.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The superuser, who may write anywhere.
const ROOT: u32 = 0;

/// What a person must know about the folder; `None` where the agent alone writes in it, or where it is not there.
///
/// The agent is whoever owns the store: this may be asked by somebody else.
#[must_use]
pub fn other_writers(folder: &Path, store: &Path) -> Option<String> {
    let found = fs::metadata(folder).ok()?;
    let this = || rustix::process::geteuid().as_raw();
    let agent = fs::metadata(store).map_or_else(|_| this(), |store| store.uid());
    words(found.uid(), found.mode(), agent)
}

fn words(owner: u32, mode: u32, agent: u32) -> Option<String> {
    let who = if owner != agent && owner != ROOT {
        format!("belongs to user {owner}, who can replace")
    } else if mode & 0o002 != 0 {
        "can be written by everybody, who can so replace".to_owned()
    } else if mode & 0o020 != 0 {
        "can be written by its group, which can so replace".to_owned()
    } else {
        return None;
    };
    Some(format!("{who} what applications trust"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_else_may_write_is_named() {
        let check = |owner, mode, agent, expect: Option<&str>| {
            let found = words(owner, mode, agent);
            assert_eq!(found.is_some(), expect.is_some(), "{owner} {mode:o} {agent}");
            assert!(found.unwrap_or_default().contains(expect.unwrap_or_default()));
        };
        check(0, 0o2755, 0, None);
        check(7, 0o750, 7, None);
        check(0, 0o755, 7, None);
        check(1234, 0o755, 0, Some("user 1234"));
        check(0, 0o1777, 0, Some("everybody"));
        check(0, 0o2775, 0, Some("its group"));
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_writers() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(other_writers(&folder.path().join("none"), &folder.path().join("store")), None);
        assert_eq!(other_writers(folder.path(), &folder.path().join("store")), None, "it is this user's own");
    }
}
