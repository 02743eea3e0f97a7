//! Every target holds on its seeds and on every input that is kept of it, and all of them are in all lists.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what a test needs and does not get is its failure")]

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use fuzz::{TARGETS, Target};

/// Bytes of all kept inputs together: what a clone can carry without anybody noticing.
const CORPUS_BYTES_MAX: u64 = 160_000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap()
}

fn holds(target: &Target, input: &[u8], what: &str) {
    let result = catch_unwind(AssertUnwindSafe(|| (target.body)(input)));
    assert!(result.is_ok(), "{} does not hold on {what}", target.name);
}

fn on_its_seeds(name: &str) {
    let seeds = (target(name).seeds)();
    assert!(!seeds.is_empty());
    for (number, seed) in seeds.iter().enumerate() {
        holds(target(name), seed, &format!("seed {number}"));
        // What an attacker would try first.
        holds(target(name), seed.split_at(seed.len() / 2).0, &format!("half of seed {number}"));
    }
    holds(target(name), &[], "nothing");
}

fn on_what_is_kept(name: &str) {
    let kept = paths(&folder("corpus").join(name));
    assert!(!kept.is_empty(), "nothing is kept of {name}: cargo xtask fuzz --minimise");
    for path in kept {
        holds(target(name), &fs::read(&path).unwrap(), &path.display().to_string());
    }
}

macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        /// The targets that are tested here.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            #[test]
            fn holds_on_its_seeds() {
                super::on_its_seeds(stringify!($name));
            }

            #[test]
            fn holds_on_every_input_that_is_kept() {
                super::on_what_is_kept(stringify!($name));
            }
        })*
    };
}

tests! {
    agent_toml, body, ccadb, certificate, certificate_file, container, engine, enrolment, envelope, http_answer, journal,
    keyring, message, observations, operator_file, operator_toml, patch, report, signed, tls_record, update,
}

#[test]
fn every_target_is_in_every_list() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let tested: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let stems = |name: &str| -> BTreeSet<String> {
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        paths(&folder(name)).iter().map(stem).collect()
    };
    let manifest: toml::Table = toml::from_str(include_str!("../Cargo.toml")).unwrap();
    let programs = manifest["bin"].as_array().unwrap().iter();
    let programs: BTreeSet<String> =
        programs.map(|program| program["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, tested, "the tests of this file");
    assert_eq!(listed, programs, "the programs of Cargo.toml");
    assert_eq!(listed, stems("fuzz_targets"), "the files of fuzz_targets");
    assert_eq!(listed, stems("corpus"), "the folders of corpus");
}

#[test]
fn what_is_kept_is_small() {
    let inputs = paths(&folder("corpus")).into_iter().flat_map(|folder| paths(&folder));
    let bytes: u64 = inputs.map(|input| fs::metadata(input).unwrap().len()).sum();
    assert!(
        bytes <= CORPUS_BYTES_MAX,
        "{bytes} bytes are kept: minimise them, or raise the limit with a reason"
    );
}
