//! Words that must not stand in the tree: paths of one machine, hosts of package registries.

use super::source;

/// Beginnings of paths that only one machine has.
const HOME_FOLDERS: [&str; 4] = ["home", "root", "Users", "work"];
/// Hosts that are this machine's business; written in parts, so that this file does not hold them.
const HOSTS: [[&str; 3]; 6] = [
    ["index", "crates", "io"],
    ["static", "crates", "io"],
    ["files", "pythonhosted", "org"],
    ["", "pypi", "org"],
    ["deb", "debian", "org"],
    ["registry", "npmjs", "org"],
];

fn findings(text: &str) -> Vec<String> {
    let hosts = HOSTS.iter().map(|parts| parts.join(".").trim_start_matches('.').to_owned());
    let folders = HOME_FOLDERS.iter().map(|name| format!("/{name}/"));
    // A path on one machine starts a word; `tests/work/` in the middle of one is a folder of this tree.
    let starts_word = |at: usize| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|before| before.is_whitespace() || "\"'`(=:".contains(before))
    };
    let host_found = hosts.filter(|host| text.contains(host.as_str()));
    let folder_found =
        folders.filter(|folder| text.match_indices(folder.as_str()).any(|(at, _)| starts_word(at)));
    host_found.chain(folder_found).collect()
}

#[test]
fn no_file_names_a_path_of_one_machine_or_a_registry_host() {
    let sources = source::with_endings(&["rs", "toml", "md", "txt", "html", "css", "json", "csv"]);
    let found = sources
        .iter()
        .flat_map(|source| findings(&source.text).into_iter().map(|word| format!("{}: {word}", source.path)));
    source::expect_none(&found.collect::<Vec<_>>());
}

#[test]
fn the_words_are_seen() {
    let folder = format!("/{}/", HOME_FOLDERS[0]);
    assert_eq!(findings(&format!("open(\"{folder}me/key\")")).len(), 1);
    assert_eq!(findings(&HOSTS[3].join(".")).len(), 1);
    assert!(findings("tests/work/file and a home page").is_empty());
}
