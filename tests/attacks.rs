//! Every attack on the production engine is refused by name and leaves trust as it was.

use std::collections::BTreeSet;

#[test]
fn every_attack_is_refused_by_name_and_changes_nothing() {
    let attacks = system_tests::attacks::run(|_| {});
    let names: BTreeSet<_> = attacks.iter().map(|attack| attack.name).collect();
    assert!(attacks.len() >= 29 && names.len() == attacks.len(), "{} attacks", attacks.len());
    for attack in attacks {
        assert!(attack.held(), "{}: {:?} {:?}", attack.name, attack.refused_as, attack.faults);
    }
}
