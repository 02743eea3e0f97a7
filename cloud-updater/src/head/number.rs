//! Which number the next head has: above every head that a device may have seen.

use bundle::limits::HEAD_STEP_MAX;
use bundle::{ChannelId, Keyring, Role, UnixSeconds};

use super::Published;
use crate::repository::HeadMark;
use crate::{Error, date};

/// Added to the proposal for a lost head, for heads that were signed and not noted: days of hurried signing.
const MARGIN: u64 = 1_000;

/// The number of the next head: one above the published one.
///
/// The published head is lost sometimes, and the repository notes only some heads. Then nobody knows what devices
/// saw, and the number has to be given (`asked`); the error proposes one. Where the newest keyring restates the
/// floor of this channel's heads, nothing that was signed before counts: the sequence goes on from the floor.
///
/// # Errors
/// Exit code 2 where a number has to be given, or where the given one is not above the known ones.
pub fn next_number(
    published: &Published,
    mark: Option<&HeadMark>,
    keyring: &Keyring<'_>,
    channel: &str,
    asked: Option<u32>,
    now: UnixSeconds,
    resign_seconds: u64,
) -> Result<u32, Error> {
    let id = ChannelId::of(channel);
    let floor = keyring.floors().iter().find(|floor| floor.channel == id && floor.role == Role::Head);
    let counts = |under_newest: bool| floor.is_none() || under_newest;
    let seen = published.good().filter(|head| counts(head.under_newest)).map(|head| head.order.number);
    let noted = mark.filter(|_| counts(false)).map(|mark| mark.number);
    let known = [seen, noted, floor.map(|floor| floor.number)].into_iter().flatten().max();
    if let Some(asked) = asked {
        return check_asked(asked, known);
    }
    if let Published::Bad { error, .. } = published {
        let message = format!("what stands there is no head that this fleet signed ({})", error.code());
        let error = Error::usage("head_unreadable", message).field("--number");
        return Err(error.hint(proposal(mark, now, resign_seconds)));
    }
    match (seen, noted, floor) {
        (None, Some(_), None) => {
            let message = "heads were signed for this channel, and none stands in the published tree";
            let error = Error::usage("head_lost", message).field("--number");
            Err(error.hint(proposal(mark, now, resign_seconds)))
        }
        _ => Ok(known.unwrap_or(0).saturating_add(1)),
    }
}

fn check_asked(asked: u32, known: Option<u32>) -> Result<u32, Error> {
    let known_number = known.unwrap_or(0);
    if asked <= known_number {
        let message = format!("{asked} is not above {known_number}, which devices may have seen");
        return Err(Error::usage("head_number", message).field("--number"));
    }
    if known.is_some() && asked.saturating_sub(known_number) > HEAD_STEP_MAX {
        let message =
            format!("{asked} is more than {HEAD_STEP_MAX} above {known_number}: devices would refuse it");
        return Err(Error::usage("head_number", message).field("--number"));
    }
    Ok(asked)
}

fn proposal(mark: Option<&HeadMark>, now: UnixSeconds, resign_seconds: u64) -> String {
    let start = "give --number N, above any head that a device may have seen";
    let Some(mark) = mark else { return start.to_owned() };
    let signed = date::parse(&mark.signed).unwrap_or(now);
    // Twice the pace of `head run`, and a margin for those signed by hand.
    let since = now.since(signed).checked_div(resign_seconds).unwrap_or(0).saturating_mul(2);
    let number = u64::from(mark.number).saturating_add(since).saturating_add(MARGIN);
    format!(
        "{start}; {number} is safe if heads were signed on schedule since number {} on {}",
        mark.number, mark.signed
    )
}

#[cfg(test)]
mod tests {
    use bundle::Order;
    use bundle::write::{KeyContent, KeyringContent, RoleContent, Unsigned};
    use bundle::{Algorithm, Floor, Kind, Sha256};

    use super::super::PublishedHead;
    use super::*;

    const DAY: u64 = 86_400;

    /// A keyring document that restates these floors; what it signs does not matter here.
    fn keyring(floors: Vec<Floor>) -> Vec<u8> {
        let key = crate::key::SigningKey::for_one_review().unwrap();
        let keys = vec![KeyContent { algorithm: Algorithm::ED25519, ..key.public().content() }];
        let role = RoleContent { threshold: 1, keys };
        let content = KeyringContent {
            fleet: "example".to_owned(),
            keyring: role.clone(),
            release: role.clone(),
            head: role,
            echo: None,
            recovery_commitment: Sha256([0; 32]),
            floors,
            time_floor: None,
        };
        let order = Order::new(0, 2);
        let unsigned =
            Unsigned::new(Kind::Keyring, ChannelId::FLEET, order, 1, UnixSeconds(0), content.encode())
                .unwrap();
        unsigned.assemble(&[key.sign(&unsigned.message())]).unwrap()
    }

    fn head(number: u32, under_newest: bool) -> Published {
        Published::Good(PublishedHead {
            document: Vec::new(),
            body: Vec::new(),
            order: Order::new(0, number),
            issued_at: UnixSeconds(0),
            expires_at: UnixSeconds(0),
            release: Order::new(0, 1),
            release_digest: Sha256([0; 32]),
            keyring_version: 1,
            share: 10_000,
            previous: None,
            groups: Vec::new(),
            under_newest,
        })
    }

    fn mark(number: u32) -> Option<HeadMark> {
        Some(HeadMark { number, signed: "1970-01-01T00:00:00Z".to_owned() })
    }

    fn next(
        published: &Published,
        mark: Option<&HeadMark>,
        floor: Option<u32>,
        asked: Option<u32>,
    ) -> Result<u32, Error> {
        let channel = ChannelId::of("prod");
        let floors = floor.map(|number| Floor { channel, role: Role::Head, epoch: 0, number });
        let document = keyring(floors.into_iter().collect());
        let keyring = Keyring::provisioned(&document).unwrap();
        next_number(published, mark, &keyring, "prod", asked, UnixSeconds(10 * DAY), DAY)
    }

    fn code(result: Result<u32, Error>) -> &'static str {
        result.unwrap_err().code()
    }

    #[test]
    fn the_first_head_is_one_and_the_next_one_more() {
        assert_eq!(next(&Published::Missing, None, None, None).unwrap(), 1);
        assert_eq!(next(&head(7, true), mark(5).as_ref(), None, None).unwrap(), 8);
        assert_eq!(
            next(&head(5, true), mark(7).as_ref(), None, None).unwrap(),
            8,
            "an older copy stands there"
        );
        assert_eq!(next(&head(7, false), None, None, None).unwrap(), 8, "the head key changed hands");
    }

    #[test]
    fn a_lost_head_needs_a_number_and_the_error_proposes_a_safe_one() {
        let error = next(&Published::Missing, mark(5).as_ref(), None, None).unwrap_err();
        assert_eq!((error.code(), error.exit().number()), ("head_lost", 2));
        assert!(error.advice().unwrap().contains("1025 is safe"), "{:?}", error.advice());
        assert_eq!(next(&Published::Missing, mark(5).as_ref(), None, Some(1_025)).unwrap(), 1_025);
    }

    #[test]
    fn a_given_number_is_above_the_known_ones_and_within_a_step() {
        assert_eq!(code(next(&head(7, true), None, None, Some(7))), "head_number");
        assert_eq!(code(next(&head(7, true), None, None, Some(8 + HEAD_STEP_MAX))), "head_number");
        assert_eq!(next(&head(7, true), None, None, Some(7 + HEAD_STEP_MAX)).unwrap(), 7 + HEAD_STEP_MAX);
        assert_eq!(
            next(&Published::Missing, None, None, Some(u32::MAX)).unwrap(),
            u32::MAX,
            "nothing is known"
        );
    }

    #[test]
    fn a_restated_floor_ends_what_a_thief_ran_up() {
        let thief = head(900_000, false);
        assert_eq!(next(&thief, mark(40).as_ref(), Some(40), None).unwrap(), 41);
        assert_eq!(next(&head(41, true), mark(41).as_ref(), Some(40), None).unwrap(), 42);
    }

    #[test]
    fn what_is_no_head_is_replaced_only_by_number() {
        let bad = || Published::Bad { file_sha256: Sha256([0; 32]), error: Error::input("x", "y") };
        assert_eq!(code(next(&bad(), None, None, None)), "head_unreadable");
        assert_eq!(next(&bad(), mark(5).as_ref(), None, Some(6)).unwrap(), 6);
    }
}
