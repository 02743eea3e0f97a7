//! Documents in words, as several commands show them.

use bundle::write::{KeyringContent, RoleContent};
use bundle::{Order, Sha256};

use crate::date;

/// A keyring, role by role.
pub(super) fn keyring_text(order: Order, content: &KeyringContent) -> String {
    let mut text = format!("keyring {order} of the fleet {:?}\n", content.fleet);
    let roles = [
        ("keyring", Some(&content.keyring)),
        ("release", Some(&content.release)),
        ("head", Some(&content.head)),
        ("echo", content.echo.as_ref()),
    ];
    for (name, role) in roles.into_iter().filter_map(|(name, role)| Some((name, role?))) {
        text.push_str(&format!("  {name:<8} {}\n", role_text(role)));
    }
    let recovery = if content.recovery_commitment == Sha256([0; 32]) {
        "none: lost or stolen thresholds cannot be recovered".to_owned()
    } else {
        format!("committed to {}", content.recovery_commitment)
    };
    text.push_str(&format!("  recovery {recovery}\n"));
    for floor in content.floors.iter() {
        text.push_str(&format!(
            "  floor    {} of channel {} restated: {}\n",
            floor.role,
            floor.channel,
            floor.order()
        ));
    }
    if let Some(time) = content.time_floor {
        text.push_str(&format!("  floor    of time: {}\n", date::instant(time)));
    }
    text
}

fn role_text(role: &RoleContent) -> String {
    let keys = role.keys.iter().map(|key| format!("{} ({})", key.name.escape_debug(), key.as_key().id()));
    format!("{} of {}: {}", role.threshold, role.keys.len(), keys.collect::<Vec<_>>().join(", "))
}
