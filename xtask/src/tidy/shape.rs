//! The shape of the source: sizes of files and functions, module docs, names, attributes.

use syn::{
    Attribute, Block, File, Ident, ImplItemFn, Item, ItemEnum, ItemFn, ItemStruct, ItemTrait, TraitItemFn,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::source::{self, Source};

/// Lines of a file: above it, the noun was two nouns.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function, signature and braces included: what one reads without scrolling.
const FUNCTION_LINES_MAX: usize = 70;
/// Endings of names that say nothing.
const EMPTY_NAMES: [&str; 5] = ["Manager", "Helper", "Helpers", "Util", "Utils"];

/// Collects what breaks a rule in one file.
struct Visitor<'a> {
    source: &'a Source,
    findings: Vec<String>,
}

impl Visitor<'_> {
    fn add(&mut self, line: usize, text: &str) {
        self.findings.push(format!("{}:{line}: {text}", self.source.path));
    }

    fn function(&mut self, name: &Ident, block: &Block) {
        let (first, last) = (name.span().start().line, block.span().end().line);
        let lines = last.saturating_sub(first) + 1;
        if lines > FUNCTION_LINES_MAX {
            self.add(first, &format!("function {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"));
        }
        if name.to_string().starts_with("get_") {
            self.add(first, &format!("function {name}: a getter is named after what it returns"));
        }
    }

    fn type_name(&mut self, name: &Ident) {
        if EMPTY_NAMES.iter().any(|ending| name.to_string().ends_with(ending)) {
            self.add(name.span().start().line, &format!("{name}: name what it is"));
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig.ident, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig.ident, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.type_name(&item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.type_name(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.type_name(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let line = attribute.span().start().line;
        if attribute.path().is_ident("ignore") {
            self.add(line, "#[ignore]: a test runs, or it is not there");
        }
        if attribute.path().is_ident("allow") {
            self.add(line, "#[allow]: write #[expect(…, reason = \"…\")], which ends with its cause");
        }
    }
}

fn findings(source: &Source) -> Vec<String> {
    let mut visitor = Visitor { source, findings: Vec::new() };
    visitor.visit_file(&source.syntax());
    visitor.findings
}

fn sample(text: &str) -> Source {
    Source { path: "sample.rs".to_owned(), text: text.to_owned() }
}

#[test]
fn files_have_at_most_400_lines() {
    let long = |source: &Source| (source.text.lines().count(), source.path.clone());
    let sizes =
        source::rust().iter().map(long).filter(|(lines, _)| *lines > FILE_LINES_MAX).collect::<Vec<_>>();
    let found: Vec<String> = sizes.iter().map(|(lines, path)| format!("{path}: {lines} lines")).collect();
    source::expect_none(&found);
}

#[test]
fn functions_are_short_names_say_something_and_no_lint_is_silenced() {
    let found: Vec<String> = source::rust().iter().flat_map(findings).collect();
    source::expect_none(&found);
}

#[test]
fn the_rules_bite() {
    let long = format!("fn long() {{\n{}}}\n", "    step();\n".repeat(FUNCTION_LINES_MAX));
    for text in [
        long.as_str(),
        "#[test]\n#[ignore]\nfn fact() {}",
        "#[allow(dead_code)]\nfn unused() {}",
        "struct KeyManager;",
        "impl Key { fn get_name(&self) {} }",
    ] {
        assert_eq!(findings(&sample(text)).len(), 1, "{text}");
    }
    assert!(findings(&sample("#[expect(dead_code, reason = \"…\")]\nfn name() {}")).is_empty());
}

#[test]
fn every_file_opens_with_what_it_is() {
    let opens = |source: &Source| source.text.starts_with("//! ");
    let found: Vec<String> =
        source::rust().iter().filter(|source| !opens(source)).map(|source| source.path.clone()).collect();
    source::expect_none(&found);
}

#[test]
fn a_library_root_is_a_table_of_contents() {
    let is_entry = |item: &Item| matches!(item, Item::Mod(_) | Item::Use(_) | Item::ExternCrate(_));
    let roots = source::rust()
        .into_iter()
        .filter(|source| source.path.ends_with("/lib.rs") && !source.path.starts_with("tests/bare"));
    let has_more = |file: &File| !file.items.iter().all(is_entry);
    let found: Vec<String> =
        roots.filter(|source| has_more(&source.syntax())).map(|source| source.path).collect();
    source::expect_none(&found);
}
