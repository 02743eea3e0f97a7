//! What a page can name: tests by crate and module, attacks of the kit, vectors.

use std::{collections::BTreeSet, fs};

use syn::{
    Expr, ExprTuple, ItemConst, ItemFn, ItemMod, Lit,
    visit::{self, Visit},
};

use super::super::source::{self, Source};
use crate::workspace;

/// Every name that exists.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Tests, such as `adversaries::keys::two_signatures_are_not_three`.
    pub(super) tests: BTreeSet<String>,
    /// Attacks, such as `attacks["an empty bundle"]`.
    pub(super) attacks: BTreeSet<String>,
    /// Vectors, such as `vectors/usb_accepted.txt`.
    pub(super) vectors: BTreeSet<String>,
}

impl Names {
    /// Reads the sources and lists the vectors.
    pub(super) fn of_the_workspace() -> Self {
        let mut names = Self::default();
        for source in source::rust() {
            let mut file =
                File { modules: modules(&source.path), names: &mut names, is_kit: is_kit(&source) };
            file.visit_file(&source.syntax());
        }
        let folder = workspace::root().join("tests/vectors");
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            names.vectors.insert(format!("vectors/{name}"));
        }
        names
    }

    /// True where there is such a test, attack or vector.
    pub(super) fn has(&self, name: &str) -> bool {
        [&self.tests, &self.attacks, &self.vectors].into_iter().any(|names| names.contains(name))
    }
}

/// True for the files that list attacks.
fn is_kit(source: &Source) -> bool {
    source.path.starts_with("tests/kit/attacks/")
}

/// Crate and modules of a file, as its tests are named: those of `tests/` begin with their target.
fn modules(path: &str) -> Vec<String> {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if ["crates", "tests"].contains(&parts[0]) {
        parts.remove(0);
    }
    let is_root = |part: &&str| !["src", "tests"].contains(part);
    let file = parts.pop().filter(|file| !["lib", "main", "mod"].contains(file));
    let mut modules: Vec<String> = parts.iter().take(1).map(|part| (*part).to_owned()).collect();
    // Only the folder right below the crate says nothing: `src/tests/` is a module of its own.
    let rest = parts.iter().skip(1).enumerate();
    modules
        .extend(rest.filter(|(depth, part)| *depth > 0 || is_root(part)).map(|(_, part)| (*part).to_owned()));
    modules.extend(file.map(str::to_owned));
    modules
}

/// Collects the names of one file.
struct File<'n> {
    modules: Vec<String>,
    names: &'n mut Names,
    is_kit: bool,
}

/// Collects the first string of every pair.
#[derive(Default)]
struct Pairs(Vec<String>);

impl<'ast> Visit<'ast> for File<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.modules.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.modules.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let mut marks = item.attrs.iter().filter_map(|attribute| attribute.path().segments.last());
        if marks.any(|segment| segment.ident == "test") {
            let name = format!("{}::{}", self.modules.join("::"), item.sig.ident);
            self.names.tests.insert(name);
        }
        visit::visit_item_fn(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        if self.is_kit && item.ident == "ALL" {
            let mut pairs = Pairs::default();
            pairs.visit_item_const(item);
            self.names.attacks.extend(pairs.0.iter().map(|name| format!("attacks[\"{name}\"]")));
        }
    }
}

impl<'ast> Visit<'ast> for Pairs {
    fn visit_expr_tuple(&mut self, pair: &'ast ExprTuple) {
        if let Some(Expr::Lit(first)) = pair.elems.first()
            && let Lit::Str(name) = &first.lit
        {
            self.0.push(name.value());
        }
    }
}

#[test]
fn files_are_named_as_cargo_names_their_tests() {
    for (path, name) in [
        ("crates/bundle/src/key.rs", "bundle::key"),
        ("crates/bundle/src/lib.rs", "bundle"),
        ("crates/bundle/tests/format/keyrings.rs", "bundle::format::keyrings"),
        ("device-agent/src/tests/thefts.rs", "device-agent::tests::thefts"),
        ("device-agent/src/linux/export/set/tests.rs", "device-agent::linux::export::set::tests"),
        ("cloud-updater/tests/cli/main.rs", "cloud-updater::cli"),
        ("tests/attacks.rs", "attacks"),
        ("tests/adversaries/keys.rs", "adversaries::keys"),
    ] {
        assert_eq!(modules(path).join("::"), name, "{path}");
    }
}
