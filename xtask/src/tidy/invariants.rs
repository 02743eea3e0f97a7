//! Every security invariant has a test whose name says so: `invariant_NN_…`.

use std::collections::BTreeSet;

use syn::{
    ItemFn,
    visit::{self, Visit},
};

use super::source;

/// How many invariants the architecture has.
const INVARIANTS: u8 = 13;

/// Collects the names of tests.
#[derive(Default)]
struct Tests {
    names: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Tests {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let marks = item.attrs.iter().filter_map(|attribute| attribute.path().segments.last());
        if marks.into_iter().any(|segment| segment.ident == "test") {
            self.names.insert(item.sig.ident.to_string());
        }
        visit::visit_item_fn(self, item);
    }
}

#[test]
fn every_security_invariant_has_a_test_that_names_it() {
    let mut tests = Tests::default();
    source::rust().iter().for_each(|source| tests.visit_file(&source.syntax()));
    let is_named = |number: u8| {
        let prefix = format!("invariant_{number:02}_");
        tests.names.iter().any(|name| name.starts_with(&prefix))
    };
    let missing: Vec<u8> = (1..=INVARIANTS).filter(|number| !is_named(*number)).collect();
    assert!(missing.is_empty(), "no test is named after invariants {missing:?}");
}
