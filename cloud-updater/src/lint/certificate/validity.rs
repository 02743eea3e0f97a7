//! When it is valid, and for how long it will be relied on.

use bundle::UnixSeconds;
use x509_parser::time::ASN1Time;

use super::{Look, Role};
use crate::date::{self, DAY_SECONDS};
use crate::forecast::mozilla;
use crate::lint::rule::Problem;
use crate::lint::rules::certificate::{
    EXPIRED, EXPIRING, LEAVES_ROOT_PROGRAM, LONG_ROOT_VALIDITY, NOT_YET_VALID, VALIDITY_INVERTED,
};
use crate::lint::rules::encoding::TIME_ENCODING;

/// Days before the end from which on somebody must act: time for a successor, a release and a rollout.
pub(in crate::lint) const NOTICE_DAYS: u64 = 90;
/// Days ahead of the end of a root's term at which it is spoken of.
const YEAR_DAYS: u64 = 365;
/// Days of a root's validity (Baseline Requirements §7.1.2.1.1).
const ROOT_DAYS_MAX: u64 = 9_132;
/// First second of 2050 (RFC 5280 §4.1.2.5).
const YEAR_2050: i64 = 2_524_608_000;

pub(super) fn examine(look: &Look<'_>, problems: &mut Vec<Problem>) {
    let validity = look.x509.validity();
    let [from, until] = [validity.not_before, validity.not_after].map(seconds);
    for (name, time) in [("notBefore", validity.not_before), ("notAfter", validity.not_after)] {
        let must_be_short = time.timestamp() < YEAR_2050;
        if time.is_utctime() != must_be_short {
            let form = if must_be_short { "GeneralizedTime" } else { "UTCTime" };
            problems
                .push(TIME_ENCODING.broken(format!("writes {name} {} as {form}", date::day(seconds(time)))));
        }
    }
    if until < from {
        let message = format!("ends on {}, before it begins on {}", date::day(until), date::day(from));
        problems.push(VALIDITY_INVERTED.broken(message));
        return;
    }
    if look.now > until {
        problems.push(EXPIRED.broken(format!("expired on {}", date::day(until))));
    } else if until.since(look.now) < NOTICE_DAYS * DAY_SECONDS {
        let left = date::span(until.since(look.now));
        problems.push(EXPIRING.broken(format!("expires in {left}")).due(until));
    }
    if look.now < from {
        problems.push(NOT_YET_VALID.broken(format!("is not valid before {}", date::day(from))));
    }
    if look.role != Role::Anchor || !look.is_self_issued {
        return;
    }
    let days = until.since(from) / DAY_SECONDS;
    if days > ROOT_DAYS_MAX {
        problems.push(LONG_ROOT_VALIDITY.broken(format!("is valid for {days} days")));
    }
    root_program(look.now, from, until, problems);
}

/// Nobody tells a certificate of Mozilla's program from a private one by looking: it is said with an "if".
fn root_program(now: UnixSeconds, from: UnixSeconds, until: UnixSeconds, problems: &mut Vec<Problem>) {
    let last = mozilla::last_day(from);
    let is_near = now >= mozilla::announced()
        && now <= until
        && last <= until
        && last.since(now) < YEAR_DAYS * DAY_SECONDS;
    if is_near {
        let tense = if last < now { "lost" } else { "loses" };
        let message = format!(
            "{tense} Mozilla's trust for TLS on {} by its age, if it is in its program",
            date::day(last)
        );
        problems.push(LEAVES_ROOT_PROGRAM.broken(message).due(last));
    }
}

fn seconds(time: ASN1Time) -> UnixSeconds {
    UnixSeconds(u64::try_from(time.timestamp()).unwrap_or(0))
}
