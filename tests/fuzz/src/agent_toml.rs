//! A device's settings: what is taken is within its limits, and what is not is said in words.

use device_agent::linux::configuration::{Hook, Settings, SignalTarget, fuzzing};

/// The text of `agent.toml`.
///
/// # Panics
/// Where settings are taken that no agent can run with, or an error says nothing.
pub fn agent_toml(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    match fuzzing::settings(text) {
        Ok(settings) => usable(&settings),
        Err(error) => assert!(!error.to_string().trim().is_empty()),
    }
}

fn usable(settings: &Settings) {
    assert!((1..=bundle::limits::DEVICE_ID_BYTES_MAX).contains(&settings.device.len()));
    assert!(!settings.channel.is_empty() && !settings.urls.is_empty());
    assert!(settings.device.chars().all(|letter| !letter.is_control()));
    assert!(settings.poll.seconds_min <= settings.poll.seconds_max);
    assert!(!settings.probe.timeout.is_zero() && !settings.poll.timeout.is_zero());
    // Where relative paths start is the file's folder.
    assert!(settings.store.path.is_absolute() && settings.key_path.is_absolute());
    assert!(store::Region::new(settings.store.offset, settings.store.length).is_ok());
    for service in &settings.services {
        assert!(!service.host.is_empty());
    }
    for application in &settings.applications {
        let name = &application.name;
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        [&application.reload, &application.on_removal].into_iter().flatten().for_each(runnable);
    }
}

/// What runs is said as a whole: no search for a program, nothing that `systemctl` would take for an option.
fn runnable(hook: &Hook) {
    match hook {
        Hook::Exec { program, .. } => assert!(program.is_absolute()),
        Hook::Signal { target: SignalTarget::PidFile { path, .. }, .. } => assert!(path.is_absolute()),
        Hook::Signal { target: SignalTarget::Unit(unit), .. } | Hook::Systemd { unit, .. } => {
            assert!(!unit.starts_with('-') && unit.contains('.'));
        }
    }
}
