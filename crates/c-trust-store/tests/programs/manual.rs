//! The manual: without a warning, and with a page for each function.

use std::fs;
use std::process::Command;

use crate::interface::declared;
use crate::staged::{staged, succeeded};

#[test]
fn the_manual_is_read_without_a_warning() {
    let page = staged().path("share/man/man3/trust_store.3");
    let output =
        Command::new("groff").args(["-man", "-mandoc", "-ww", "-Tutf8", "-z"]).arg(&page).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let mandoc = succeeded(Command::new("mandoc").args(["-Tlint", "-Wwarning"]).arg(&page));
    assert_eq!(mandoc, "");
}

#[test]
fn every_function_and_every_code_stands_in_the_manual() {
    let page = fs::read_to_string(staged().path("share/man/man3/trust_store.3")).unwrap();
    let header = fs::read_to_string(staged().path("include/trust_store.h")).unwrap();
    for function in declared() {
        assert!(page.contains(&format!(".Fo {function}\n")), "{function}");
        let link = fs::read_to_string(staged().path(&format!("share/man/man3/{function}.3"))).unwrap();
        assert_eq!(link, ".so man3/trust_store.3\n");
    }
    let codes = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    for (code, _) in codes.filter(|(_, number)| number.starts_with('-')) {
        assert!(page.contains(&format!(".It Dv {code}\n")), "{code}");
    }
}
