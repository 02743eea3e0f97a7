//! What sources say about the real certificates, noted by the real `cloud-updater source`: Mozilla's store as it was on
//! each day, and the preset for Azure that comes along.

use std::{collections::BTreeMap, error::Error};

use serde_json::Value;
use system_tests::{gateway::place, pki};

use super::{day::Day, fleet::Fleet, report::Heard, stage::Stage};

/// The name of Mozilla's store as a source.
const MOZILLA: &str = "mozilla";

/// Lets the books listen: to both sources on the first day, and to Mozilla's whenever it is another than it was.
pub(crate) fn listen(
    books: &Fleet,
    stage: &Stage,
    day: Day,
    is_first: bool,
) -> Result<Vec<Heard>, Box<dyn Error>> {
    if !is_first && !stage.mozillas_days().any(|it| it == day) {
        return Ok(Vec::new());
    }
    let operator = books.on(day);
    let store: String = stage.mozillas_store(day).iter().map(|certificate| pki::pem(certificate)).collect();
    place(&operator.repository().join("mozilla.pem"), store.as_bytes())?;
    if !is_first {
        let answer = operator.answer(&["source", "refresh", MOZILLA])?;
        return Ok(heard(&answer, stage, day));
    }
    let mut all = Vec::new();
    let reasons = ["--reason", "what it says of our roots"];
    for words in [
        ["source", "add", MOZILLA, "mozilla.pem", "--kind", "files"],
        ["source", "add", "azure", "azure", "--kind", "preset"],
    ] {
        let answer = operator.answer(&[&words[..], &reasons].concat())?;
        all.extend(heard(&answer, stage, day));
    }
    Ok(all)
}

/// What an answer says of the certificates of the scenario; of all others, nobody wants to know here.
fn heard(answer: &Value, stage: &Stage, day: Day) -> Vec<Heard> {
    let ours: BTreeMap<String, &String> =
        stage.real.iter().map(|(name, real)| (bundle::Sha256::of(&[real]).to_string(), name)).collect();
    let mut all = Vec::new();
    for source in answer["sources"].as_array().into_iter().flatten() {
        for (field, what) in [("added", "knows"), ("removed", "knows no more")] {
            let known = source["change"][field].as_object().into_iter().flatten();
            all.extend(known.filter_map(|(sha256, _)| ours.get(sha256)).map(|name| Heard {
                day,
                source: source["name"].as_str().unwrap_or_default().to_owned(),
                what: what.to_owned(),
                certificate: (*name).clone(),
            }));
        }
    }
    all
}
