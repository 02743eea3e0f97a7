//! The words for what reports carry as numbers: the agent's, by its stable numbers.

use bundle::Report;

/// What an agent is doing, by number.
const PHASES: [(u8, &str); 7] = [
    (0, "idle"),
    (1, "checking"),
    (2, "catching_up"),
    (3, "fetching"),
    (4, "staging"),
    (5, "probing"),
    (6, "trial"),
];

/// Why, by number; zero is no reason.
const REASONS: [(u16, &str); 58] = [
    (1, "up_to_date"),
    (2, "on_trial"),
    (3, "confirmed"),
    (4, "observed"),
    (5, "not_in_share"),
    (6, "waiting"),
    (7, "offline_freshness_unknown"),
    (20, "unreachable"),
    (21, "not_found"),
    (22, "server_failed"),
    (23, "answer_too_large"),
    (24, "answer_truncated"),
    (40, "head_malformed"),
    (41, "head_unsigned"),
    (42, "head_of_other_channel"),
    (43, "head_older"),
    (44, "head_equivocation"),
    (45, "head_fast_forward"),
    (46, "stale"),
    (60, "keyring_refused"),
    (61, "keyring_unavailable"),
    (80, "release_older"),
    (81, "release_equivocation"),
    (82, "release_fast_forward"),
    (83, "release_mismatch"),
    (84, "release_unsigned"),
    (85, "release_of_other_channel"),
    (86, "release_malformed"),
    (87, "release_too_large"),
    (88, "service_without_anchor"),
    (89, "certificate_mismatch"),
    (90, "update_rejected"),
    (100, "probe_regression"),
    (101, "service_dropped"),
    (102, "trial_failed"),
    (120, "chain"),
    (121, "name"),
    (122, "date"),
    (123, "pin"),
    (124, "denied"),
    (125, "constraint"),
    (126, "purpose"),
    (127, "expectation"),
    (140, "dns"),
    (141, "tcp"),
    (142, "timeout"),
    (143, "clock_unknown"),
    (144, "not_allowed"),
    (145, "tls"),
    (146, "too_complex"),
    (160, "store_lost"),
    (161, "store_newer_format"),
    (162, "store_of_other_channel"),
    (163, "store_failed"),
    (164, "store_mismatch"),
    (180, "file_malformed"),
    (181, "file_not_newer"),
    (182, "file_withdrawn"),
];

/// What a probe said under one bundle, by number.
const VERDICTS: [(u8, &str); 3] = [(0, "verified"), (1, "refused"), (2, "inconclusive")];

/// How telling an application ended, by number; below 16 all is well.
const OUTCOMES: [(u16, &str); 22] = [
    (1, "told"),
    (2, "not_running"),
    (3, "follows"),
    (4, "assumed"),
    (5, "restarted"),
    (16, "interrupted"),
    (17, "no_hook"),
    (18, "exit_status"),
    (19, "signalled"),
    (20, "timed_out"),
    (21, "program_missing"),
    (22, "not_permitted"),
    (23, "start_failed"),
    (24, "pid_file_missing"),
    (25, "pid_file_invalid"),
    (26, "process_gone"),
    (27, "other_process"),
    (28, "signal_ignored"),
    (29, "signal_not_handled"),
    (30, "systemctl_missing"),
    (31, "unit_missing"),
    (32, "systemctl_failed"),
];

/// What else is true, by bit.
const FLAGS: [(u16, &str); 4] = [
    (Report::FLAG_STALE, "stale"),
    (Report::FLAG_OBSERVE, "observe"),
    (Report::FLAG_CLOCK_UNKNOWN, "clock_unknown"),
    (Report::FLAG_STORE_LOST, "store_lost"),
];

/// What a probe said under one bundle.
pub(super) fn verdict(number: u8) -> String {
    word(&VERDICTS, number).unwrap_or_else(|| format!("verdict-{number}"))
}

/// The phase of an update.
pub(super) fn phase(number: u8) -> String {
    word(&PHASES, number).unwrap_or_else(|| format!("phase-{number}"))
}

/// Why, or nothing where there is no reason to give.
pub(super) fn reason(number: u16) -> Option<String> {
    (number != 0).then(|| word(&REASONS, number).unwrap_or_else(|| format!("reason-{number}")))
}

/// How telling an application ended.
pub(super) fn outcome(number: u16) -> String {
    if number == 0 {
        return "not_tried".to_owned();
    }
    word(&OUTCOMES, number).unwrap_or_else(|| format!("outcome-{number}"))
}

/// The names of the flags that are set.
pub(super) fn flags(bits: u16) -> Vec<String> {
    let set = FLAGS.iter().filter(|(bit, _)| bits & bit != 0);
    let mut names: Vec<String> = set.map(|(_, name)| (*name).to_owned()).collect();
    let unknown = FLAGS.iter().fold(bits, |rest, (bit, _)| rest & !bit);
    if unknown != 0 {
        names.push(format!("flags-{unknown:#06x}"));
    }
    names
}

fn word<N: Copy + PartialEq>(table: &[(N, &str)], number: N) -> Option<String> {
    table.iter().find(|(known, _)| *known == number).map(|(_, word)| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The agent's own tables. It is no dependency: what is shared are the numbers.
    const AGENT_REASONS: &str = include_str!("../../../device-agent/src/reason.rs");
    const AGENT_OUTCOMES: &str = include_str!("../../../device-agent/src/linux/applications/outcome.rs");
    const AGENT_STATUS: &str = include_str!("../../../device-agent/src/status.rs");

    #[test]
    fn unknown_numbers_are_shown_as_numbers() {
        assert_eq!(verdict(9), "verdict-9");
        assert_eq!(phase(99), "phase-99");
        assert_eq!(reason(9_999).as_deref(), Some("reason-9999"));
        assert_eq!(reason(0), None);
        assert_eq!(flags(0b1000_0000_0000_0001), ["stale", "flags-0x8000"]);
        assert_eq!(flags(0), Vec::<String>::new());
    }

    #[test]
    fn reasons_are_the_agents() {
        let lines = AGENT_REASONS.lines().filter_map(|line| {
            let (_, rest) = line.trim().split_once(" = ")?;
            let (number, rest) = rest.split_once(", \"")?;
            Some((number.parse().ok()?, rest.split_once('"')?.0))
        });
        assert_eq!(lines.collect::<Vec<(u16, &str)>>(), REASONS);
    }

    #[test]
    fn outcomes_are_the_agents() {
        let (_, body) = AGENT_OUTCOMES.split_once("pub const fn number").unwrap();
        let body = body.split_once("pub fn ").unwrap().0;
        let lines = body.lines().filter_map(|line| {
            let (name, number) = line.trim().strip_prefix("Self::")?.strip_suffix(',')?.split_once(" => ")?;
            Some((number.parse().ok()?, snake_case(name)))
        });
        let ours = OUTCOMES.map(|(number, name)| (number, name.to_owned()));
        assert_eq!(lines.collect::<Vec<(u16, String)>>(), ours);
        assert_eq!((outcome(0).as_str(), outcome(999).as_str()), ("not_tried", "outcome-999"));
    }

    #[test]
    fn phases_are_the_agents() {
        let (_, body) = AGENT_STATUS.split_once("pub enum Phase {").unwrap();
        let body = body.split_once('}').unwrap().0;
        let lines = body.lines().filter_map(|line| {
            let (name, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
            Some((number.parse().ok()?, snake_case(name)))
        });
        let ours = PHASES.map(|(number, name)| (number, name.to_owned()));
        assert_eq!(lines.collect::<Vec<(u8, String)>>(), ours);
    }

    fn snake_case(name: &str) -> String {
        let mut out = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !out.is_empty() {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    }
}
