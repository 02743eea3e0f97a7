//! The 51 states of Mozilla's store reach a device for at most 4% of what 51 PEM downloads cost.

use std::path::Path;

#[test]
fn the_history_of_mozillas_store_costs_at_most_four_percent_of_its_pem_files() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mozilla-history");
    let history = system_tests::history::run(&data, |_| {}).expect("every state is installed");
    assert_eq!(history.steps.len(), 51);
    // Head and update, and after a day the questions for the next keyring and a recovery, which find nothing.
    assert!(history.steps.iter().all(|step| step.requests <= 4), "at most four requests a step");
    println!("{} of {} bytes", history.bytes, history.pem_bytes);
    assert!(history.bytes * 100 <= history.pem_bytes * 4, "{} of {} bytes", history.bytes, history.pem_bytes);
}
