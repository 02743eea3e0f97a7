//! `--floor CHANNEL:ROLE=NUMBER`: where a role's sequence goes on after somebody else ran its numbers up.

use std::str::FromStr;

use bundle::{ChannelId, Floor, Role};

use crate::Error;
use crate::repository::Repository;

/// A floor as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FloorFlag {
    pub(super) channel: String,
    pub(super) role: Role,
    number: u32,
}

impl FromStr for FloorFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is not a floor: write CHANNEL:release=NUMBER or CHANNEL:head=NUMBER");
        let (channel, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (role, number) = rest.split_once('=').ok_or_else(wrong)?;
        let role = match role {
            "release" => Role::Release,
            "head" => Role::Head,
            _ => return Err(wrong()),
        };
        let number = number.parse().map_err(|_| wrong())?;
        Ok(Self { channel: channel.to_owned(), role, number })
    }
}

impl FloorFlag {
    /// The floor in recovery epoch `epoch`.
    pub(super) fn at_epoch(&self, epoch: u16) -> Floor {
        Floor { channel: ChannelId::of(&self.channel), role: self.role, epoch, number: self.number }
    }
}

/// Refuses floors of channels that are not there, and two floors of one sequence.
pub(super) fn check(flags: &[FloorFlag], repository: &Repository) -> Result<(), Error> {
    for (index, flag) in flags.iter().enumerate() {
        repository.fleet().channel(&flag.channel)?;
        let is_same = |other: &&FloorFlag| other.channel == flag.channel && other.role == flag.role;
        if flags.iter().take(index).any(|other| is_same(&other)) {
            let message = format!("{}:{} stands there twice", flag.channel, flag.role);
            return Err(Error::usage("floor", message).field("--floor"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_name_channel_role_and_number() {
        let floor: FloorFlag = "prod:head=812".parse().unwrap();
        assert_eq!(floor, FloorFlag { channel: "prod".to_owned(), role: Role::Head, number: 812 });
        for text in ["", "prod", "prod:head", "prod:keyring=1", "prod:head=", "prod:head=-1", "head=1"] {
            assert!(text.parse::<FloorFlag>().is_err(), "{text:?}");
        }
    }
}
