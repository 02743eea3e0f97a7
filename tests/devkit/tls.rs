//! The table of TLS servers, real ones of openssl and one that breaks the rules, asked by the client that is built for the
//! device's instruction set. It needs no board.

use system_tests::tls_rows::{self, ArmClient, HOSTILE_ROWS_MIN, ROWS_MIN};

use crate::{
    figures::Figures,
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of this file.
pub(crate) const TESTS: [Test; 1] =
    [Test { name: "every TLS server ends as its row says, for Arm", tier: Tier::Host, act: every_row }];

fn every_row(scene: &Scene, figures: &mut Figures) -> Observation {
    let client = ArmClient::new(scene.tls_client())?;
    let (mut rows, hostile) = (tls_rows::rows()?, tls_rows::hostile_rows()?);
    let kinds = format!("{} servers of openssl and {} scripts of a hostile one", rows.len(), hostile.len());
    require(rows.len() >= ROWS_MIN && hostile.len() >= HOSTILE_ROWS_MIN, || {
        format!("rows are missing: {kinds}")
    })?;
    rows.extend(hostile);
    let tally = tls_rows::run(&rows, &client);
    figures.tls_rows_passed = u64::try_from(tally.passed()).ok();
    figures.tls_rows_total = u64::try_from(tally.total).ok();
    require(tally.wrong.is_empty(), || tally.wrong.join("\n"))?;
    Ok(format!("{kinds}, asked by a program for Arm"))
}
