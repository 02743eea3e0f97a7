//! What each dependency costs in flash.

use std::collections::BTreeMap;

use serde::Serialize;

/// The row of what no symbol names: strings, tables of pointers, padding.
const UNNAMED: &str = "unnamed constants, padding";

/// Bytes of one crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cost {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// What the first build has more than the second, the most expensive first; the sum is `total`.
pub(super) fn difference(
    with: &BTreeMap<String, u64>,
    without: &BTreeMap<String, u64>,
    total: u64,
) -> Vec<Cost> {
    let more = |(name, bytes): (&String, &u64)| {
        let bytes = bytes.saturating_sub(without.get(name).copied().unwrap_or(0));
        (bytes > 0).then(|| Cost { name: name.clone(), bytes })
    };
    let mut costs: Vec<Cost> = with.iter().filter_map(more).collect();
    let named: u64 = costs.iter().map(|cost| cost.bytes).sum();
    costs.push(Cost { name: UNNAMED.to_owned(), bytes: total.saturating_sub(named) });
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.bytes));
    costs
}

/// The costs as a table.
pub(super) fn table(costs: &[Cost]) -> String {
    let total: u64 = costs.iter().map(|cost| cost.bytes).sum();
    let row = |name: &str, bytes: u64| {
        let share = (bytes * 1_000).checked_div(total).unwrap_or(0);
        format!("{name:<30} {bytes:>9} {:>5}.{} %", share / 10, share % 10)
    };
    let mut lines = vec![format!("{:<30} {:>9} {:>9}", "CRATE", "BYTES", "SHARE")];
    lines.extend(costs.iter().map(|cost| row(&cost.name, cost.bytes)));
    lines.push(row("all", total));
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_builds_have_costs_nothing_and_nothing_is_lost() {
        let build =
            |rows: &[(&str, u64)]| rows.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect();
        let with: BTreeMap<String, u64> = build(&[("sha2", 100), ("C", 70)]);
        let costs = difference(&with, &build(&[("C", 50)]), 150);
        let rows: Vec<(&str, u64)> = costs.iter().map(|cost| (cost.name.as_str(), cost.bytes)).collect();
        assert_eq!(rows, [("sha2", 100), (UNNAMED, 30), ("C", 20)]);
    }
}
