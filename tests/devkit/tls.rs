//! The table of TLS servers, which needs no board: real ones of openssl, and one that breaks the rules.

use system_tests::tls_rows::{self, NativeClient};

use crate::{
    figures::Figures,
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of this file.
pub(crate) const TESTS: [Test; 1] =
    [Test { name: "every TLS server ends as its row says", tier: Tier::Host, act: every_row }];

fn every_row(_: &Scene, figures: &mut Figures) -> Observation {
    let (rows, hostile) = (tls_rows::rows()?, tls_rows::hostile_rows()?);
    let (mut passed, mut wrong) = (0_u64, Vec::new());
    for row in rows.iter().chain(&hostile) {
        let outcome = tls_rows::run(row, &NativeClient)?;
        if outcome.is_expected {
            passed += 1;
        } else {
            wrong.push(format!("{}: {} instead of {}", row.name, outcome.answer, row.expect));
        }
    }
    let total = rows.len() + hostile.len();
    figures.tls_rows_passed = Some(passed);
    figures.tls_rows_total = u64::try_from(total).ok();
    require(wrong.is_empty(), || wrong.join("\n"))?;
    Ok(format!("{} servers of openssl and {} scripts of a hostile one", rows.len(), hostile.len()))
}
