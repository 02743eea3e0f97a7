//! Sessions that end with the trust behind them.

use std::fmt;
use std::sync::Arc;

use rustls::NamedGroup;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::time_provider::TimeProvider;

use crate::Installed;
use crate::rustls::ledger::{Ledger, NAMES_MAX, Standing};

/// TLS 1.3 tickets that rustls' cache keeps for one server; its size is given in tickets.
const TICKETS_PER_NAME: usize = 8;

/// A [`ClientSessionStore`] whose sessions vanish when the chain behind them would no longer be accepted: its
/// anchor was removed, denied or has expired, or a pin or constraint now speaks against it.
///
/// After such a refusal, other than by age, a name gets full handshakes only, for as long as the configuration
/// lives: a connection that rests on the refused chain may still be open and bring tickets. A new configuration
/// starts afresh.
pub struct FollowingSessions {
    ledger: Arc<Ledger>,
    clock: Arc<dyn TimeProvider>,
    cache: ClientSessionMemoryCache,
}

impl FollowingSessions {
    pub(crate) fn new(ledger: Arc<Ledger>, clock: Arc<dyn TimeProvider>) -> Self {
        let cache = ClientSessionMemoryCache::new(NAMES_MAX.saturating_mul(TICKETS_PER_NAME));
        Self { ledger, clock, cache }
    }

    /// Looks whether sessions of this name may be used now, and drops them where not.
    fn may_use(&self, name: &ServerName<'_>) -> bool {
        self.is_good(name, &self.ledger.scope().newest())
    }

    /// Looks whether a session of this name is worth keeping. The store is not looked at: whoever takes it out does.
    fn may_keep(&self, name: &ServerName<'_>) -> bool {
        self.is_good(name, &self.ledger.scope().held())
    }

    fn is_good(&self, name: &ServerName<'_>, installed: &Arc<Installed>) -> bool {
        if self.ledger.standing(name, self.clock.current_time(), installed) == Standing::Good {
            return true;
        }
        let name = name.to_owned();
        self.cache.remove_tls12_session(&name);
        while self.cache.take_tls13_ticket(&name).is_some() {}
        false
    }
}

impl ClientSessionStore for FollowingSessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.cache.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.cache.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        if self.may_keep(&server_name) {
            self.cache.set_tls12_session(server_name, value);
        }
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        if self.may_use(server_name) { self.cache.tls12_session(server_name) } else { None }
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.cache.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(&self, server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        if self.may_keep(&server_name) {
            self.cache.insert_tls13_ticket(server_name, value);
        }
    }

    fn take_tls13_ticket(&self, server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        if self.may_use(server_name) { self.cache.take_tls13_ticket(server_name) } else { None }
    }
}

impl fmt::Debug for FollowingSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Session secrets stay out of logs.
        f.debug_struct("FollowingSessions").finish_non_exhaustive()
    }
}
