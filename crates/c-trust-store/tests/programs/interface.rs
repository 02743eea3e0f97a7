//! What the libraries show to linkers and programs, and a C program that follows a store.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chain::pki::{Authority, Content};
use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

use crate::device::Device;
use crate::process::Process;
use crate::staged::{Linked, stage, staged};

/// The functions that the header declares.
pub(crate) fn declared() -> Vec<String> {
    let header = fs::read_to_string(staged().path("include/trust_store.h")).unwrap();
    let mut names: Vec<String> = header
        .match_indices("trust_store_")
        .map(|(at, _)| &header[at..])
        .map(|text| text.split_once(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap())
        .filter(|(_, rest)| header[..header.len() - rest.len()].ends_with('(') || rest.starts_with('('))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What is seen of a file that is linked.
fn seen(bytes: &[u8], is_dynamic: bool) -> Vec<String> {
    let file = object::File::parse(bytes).unwrap();
    let symbols: Vec<_> =
        if is_dynamic { file.dynamic_symbols().collect() } else { file.symbols().collect() };
    let mut names: Vec<String> = symbols
        .iter()
        .filter(|symbol| symbol.is_definition() && (is_dynamic || symbol.is_global()))
        .map(|symbol| symbol.name().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn programs_see_the_interface_and_nothing_else() {
    let shared = fs::read(staged().path("lib/libtrust_store.so")).unwrap();
    assert!(declared().len() >= 12, "{:?}", declared());
    assert_eq!(seen(&shared, true), declared());
    let archive = fs::read(staged().path("lib/libtrust_store.a")).unwrap();
    let archive = ArchiveFile::parse(archive.as_slice()).map(|parsed| {
        parsed.members().map(|member| member.unwrap().data(archive.as_slice()).unwrap().to_vec()).collect()
    });
    let members: Vec<Vec<u8>> = archive.unwrap();
    assert_eq!(members.len(), 1, "everything is one object, so that it can be closed");
    assert_eq!(seen(&members[0], false), declared());
}

#[test]
fn nothing_of_ours_runs_before_main() {
    /// The C compiler's own, which does nothing here, and the one with which Rust's library notes the arguments.
    const STARTERS: u64 = 2;
    let shared = fs::read(staged().path("lib/libtrust_store.so")).unwrap();
    let file = object::File::parse(shared.as_slice()).unwrap();
    let starters = file.section_by_name(".init_array").unwrap();
    assert_eq!(starters.size(), STARTERS * 8);
    assert!(file.section_by_name(".ctors").is_none());
}

#[test]
fn the_soname_is_the_version_of_the_interface() {
    let link = fs::read_link(staged().path("lib/libtrust_store.so")).unwrap();
    assert_eq!(link, Path::new("libtrust_store.so.1"));
    let shared = fs::read(staged().path("lib/libtrust_store.so.1")).unwrap();
    let soname = b"\0libtrust_store.so.1\0";
    assert!(shared.windows(soname.len()).any(|bytes| bytes == soname));
    let mode = |name: &str| fs::metadata(staged().path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("lib/libtrust_store.so.1"), mode("include/trust_store.h")), (0o755, 0o644));
}

#[test]
fn a_staging_folder_stands_in_front_of_the_prefix_and_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--destdir".as_ref(), folder.path(), "--prefix=/usr".as_ref(), "--libdir=lib/x".as_ref()];
    let listed = stage(&arguments);
    for name in [
        "usr/lib/x/libtrust_store.so",
        "usr/lib/x/pkgconfig/trust_store.pc",
        "usr/share/man/man3/trust_store.3",
    ] {
        let path = folder.path().join(name);
        assert!(path.exists() && listed.contains(path.to_str().unwrap()), "{listed}");
    }
    let pc = fs::read_to_string(folder.path().join("usr/lib/x/pkgconfig/trust_store.pc")).unwrap();
    assert!(pc.contains("prefix=/usr\n") && !pc.contains(folder.path().to_str().unwrap()), "{pc}");
}

fn content(name: &str) -> Content {
    Content::default().anchor(Authority::root(name, 2020..2045).certificate()).service("hub", &[])
}

/// A program that follows a store by waiting, by a descriptor and by looking, and that forks.
fn follows(linked: Linked) {
    let mut device = Device::with(&content("First"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/follow.c");
    let program = staged().compile(&source, &[], linked);
    let mut process = Process::start(program.command().arg(device.path("store")));
    assert_eq!(process.line(), "ok");
    assert_eq!(process.ask("descriptor"), "ok");
    assert_eq!(process.ask("snapshot"), "ok changes 1 release 1 phase 1 reason unknown");
    assert_eq!(process.ask("poll 0"), "quiet");
    device.install_on_trial(&content("Second"));
    assert_eq!(process.ask("poll 60000"), "readable");
    assert_eq!(process.ask("snapshot"), "ok changes 2 release 2 phase 2 reason unknown");
    assert_eq!(process.ask("poll 0"), "quiet");
    device.revert();
    assert_eq!(process.ask("wait 2"), "ok");
    assert_eq!(process.ask("snapshot"), "ok changes 3 release 1 phase 1 reason unknown");
    assert_eq!(process.ask("signal"), "nobody");
    assert_eq!(process.ask("fork"), "forked");
    assert_eq!(process.ask("refresh"), "ok");
    assert_eq!(process.ask("close"), "ok");
    process.end();
}

#[test]
fn a_program_with_the_shared_library_follows_a_store() {
    follows(Linked::Shared);
}

#[test]
fn a_program_with_the_static_library_follows_a_store() {
    follows(Linked::Static);
}

#[test]
fn the_header_is_one_for_cpp_too() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("program.cpp");
    let text = "#include <trust_store.h>\nint main() { return trust_store_abi_version() == TRUST_STORE_ABI_VERSION ? 0 : 1; }\n";
    std::io::Write::write_all(&mut fs::File::create(&source).unwrap(), text.as_bytes()).unwrap();
    let mut compiler = std::process::Command::new("c++");
    compiler
        .args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
        .arg(staged().path("include"))
        .arg(&source);
    crate::staged::succeeded(&mut compiler);
}
