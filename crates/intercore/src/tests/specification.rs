//! SPEC.md and the code say the same.

use std::{format, string::String};

use crate::{Reason, limits};

const SPECIFICATION: &str = include_str!("../../SPEC.md");

#[test]
fn the_table_of_limits_is_the_code_s() {
    let limits = [
        ("MESSAGE_BYTES_MAX", limits::MESSAGE_BYTES_MAX),
        ("HEADER_BYTES", limits::HEADER_BYTES),
        ("PAYLOAD_BYTES_MAX", limits::PAYLOAD_BYTES_MAX),
        ("ANSWER_BYTES", limits::ANSWER_BYTES),
        ("KEYRINGS_MAX", usize::try_from(limits::KEYRINGS_MAX).unwrap()),
    ];
    for (name, value) in limits {
        assert!(SPECIFICATION.contains(&format!("| `{name}` | {value} |")), "{name}");
    }
    assert_eq!(limits::HEADER_BYTES + limits::PAYLOAD_BYTES_MAX, limits::MESSAGE_BYTES_MAX);
}

#[test]
fn the_table_of_reasons_is_the_code_s() {
    for reason in Reason::ALL {
        let line: String = format!("| {} | `{}` |", reason.number(), reason.code());
        assert!(SPECIFICATION.contains(&line), "{line}");
        assert_eq!(Reason::from_number(reason.number()), Some(*reason));
    }
}
