//! Who is in a rollout's share: decided by each device from signed data alone.

use crate::{Head, Sha256, group_tag, limits};

/// True where the device installs the head's release now.
///
/// The device's place is SHA-256(release digest ‖ device id): there is no free salt to grind, and steps nest, so
/// a larger share holds every device of a smaller one. Of the head's own share and those of the device's groups
/// the largest counts.
#[must_use]
pub fn in_share(head: &Head<'_>, device_id: &str, device_groups: &[&str]) -> bool {
    let of_groups = head
        .groups()
        .iter()
        .filter(|group| device_groups.iter().any(|name| group_tag(name) == group.tag))
        .map(|group| group.share);
    let share = of_groups.fold(head.share(), u16::max);
    if share >= limits::SHARE_MAX {
        return true;
    }
    place(head.release_digest(), device_id) < u64::from(share)
}

/// The device's place, 0 to 9,999: the remainder of a 64-bit value, even to one part in 10^15.
fn place(release_digest: Sha256, device_id: &str) -> u64 {
    let prefix = Sha256::of(&[&release_digest.0, device_id.as_bytes()]).prefix();
    u64::from_be_bytes(prefix).checked_rem(u64::from(limits::SHARE_MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_spread_evenly_and_differ_by_release() {
        let names: alloc::vec::Vec<_> = (0..4_000).map(|index| alloc::format!("device-{index}")).collect();
        let below = |digest: Sha256| names.iter().filter(|name| place(digest, name) < 2_500).count();
        let first = below(Sha256([1; 32]));
        assert!((900..1_100).contains(&first), "{first} of 4000 are in a quarter");
        let moved = names.iter().filter(|name| place(Sha256([1; 32]), name) != place(Sha256([2; 32]), name));
        assert!(moved.count() > 3_900);
    }
}
