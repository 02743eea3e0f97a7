//! The roles of `fleet.toml` with the keys of `keys/`, as a keyring carries them.

use bundle::write::{KeyContent, KeyringContent, RecoveryContent, RoleContent};
use bundle::{Floor, Sha256, UnixSeconds};

use crate::repository::fleet_file::FLEET_FILE;
use crate::repository::{KeyFolder, Repository, RoleHolders};
use crate::{Context, Error};

/// Who signs what in the next generation.
#[derive(Clone, Debug)]
pub(super) struct NextRoles {
    keyring: RoleContent,
    release: RoleContent,
    head: RoleContent,
    echo: Option<RoleContent>,
    pub(super) recovery: Option<RecoveryContent>,
}

impl NextRoles {
    /// Reads the roles.
    ///
    /// # Errors
    /// Exit code 2 naming the role or key that is missing.
    pub(super) fn read(repository: &Repository) -> Result<Self, Error> {
        let keys = repository.keys()?;
        let roles = &repository.fleet().roles;
        let needed = |name: &str, holders: &Option<RoleHolders>| -> Result<RoleContent, Error> {
            let holders = holders.as_ref().ok_or_else(|| {
                let error = Error::usage("role_missing", "is missing: every keyring has this role");
                error
                    .file(FLEET_FILE)
                    .field(format!("roles.{name}"))
                    .hint("name a threshold and the keys that count")
            })?;
            content(name, holders, &keys)
        };
        let echo = roles.echo.as_ref().map(|holders| content("echo", holders, &keys)).transpose()?;
        let recovery =
            roles.recovery.as_ref().map(|holders| content("recovery", holders, &keys)).transpose()?;
        let next = Self {
            keyring: needed("keyring", &roles.keyring)?,
            release: needed("release", &roles.release)?,
            head: needed("head", &roles.head)?,
            echo,
            recovery: recovery
                .map(|content| RecoveryContent { keys: content.keys, threshold: content.threshold }),
        };
        next.refuse_shared_recovery_keys()?;
        Ok(next)
    }

    /// The keyring with these roles.
    pub(super) fn keyring(
        &self,
        fleet: &str,
        floors: Vec<Floor>,
        time_floor: Option<UnixSeconds>,
    ) -> KeyringContent {
        KeyringContent {
            fleet: fleet.to_owned(),
            keyring: self.keyring.clone(),
            release: self.release.clone(),
            head: self.head.clone(),
            echo: self.echo.clone(),
            // Nothing hashes to zeros: a fleet without a recovery set cannot be recovered.
            recovery_commitment: self.recovery.as_ref().map_or(Sha256([0; 32]), RecoveryContent::commitment),
            floors,
            time_floor,
        }
    }

    /// Says what works and is unwise; refuses what ends a fleet when one key is lost.
    pub(super) fn judge(&self, context: &Context) -> Result<(), Error> {
        let count = self.keyring.keys.len();
        if self.recovery.is_none() && usize::from(self.keyring.threshold) == count {
            let message = format!("{count} of {count} without a recovery set: one lost key ends the fleet");
            let error =
                Error::input("no_way_back", message).file(FLEET_FILE).field("roles.keyring.threshold");
            return Err(error.hint("add a key to the role, or name recovery keys in [roles.recovery]"));
        }
        let output = context.output();
        for (name, role) in [("keyring", &self.keyring), ("release", &self.release)] {
            if role.threshold == 1 {
                output.warning(format_args!(
                    "roles.{name}: one stolen key is enough to sign; two of three is the usual"
                ));
            }
        }
        if self.head.keys.len() == 1 {
            output.warning(
                "roles.head: there is no spare key; a lost one stops heads until a new keyring is signed",
            );
        }
        if self.recovery.is_none() {
            output.warning("there is no recovery set, and this fleet can never get one: lost keys stay lost");
        }
        Ok(())
    }

    fn refuse_shared_recovery_keys(&self) -> Result<(), Error> {
        let Some(recovery) = &self.recovery else { return Ok(()) };
        let others = [Some(&self.keyring), Some(&self.release), Some(&self.head), self.echo.as_ref()];
        for (index, key) in recovery.keys.iter().enumerate() {
            let is_shared = |other: &KeyContent| other.as_key().is_same_key(&key.as_key());
            if others.iter().flatten().any(|role| role.keys.iter().any(is_shared)) {
                let message =
                    format!("{:?} has another role too: who steals that one steals the recovery", key.name);
                let error = Error::usage("recovery_key_shared", message).file(FLEET_FILE);
                return Err(error
                    .field(format!("roles.recovery.keys[{index}]"))
                    .hint("recovery keys are used for nothing else"));
            }
        }
        Ok(())
    }
}

fn content(role: &str, holders: &RoleHolders, keys: &KeyFolder) -> Result<RoleContent, Error> {
    let find = |(index, name): (usize, &String)| {
        keys.named(name).map(crate::key::PublicKey::content).ok_or_else(|| {
            let error = Error::usage("key_missing", format!("there is no keys/{name}.pub")).file(FLEET_FILE);
            let hint = "its holder makes it with: cloud-updater key new NAME, and hands over the .pub file";
            error.field(format!("roles.{role}.keys[{index}]")).hint(hint)
        })
    };
    let keys: Result<Vec<KeyContent>, Error> = holders.keys.iter().enumerate().map(find).collect();
    Ok(RoleContent { threshold: holders.threshold, keys: keys? })
}
