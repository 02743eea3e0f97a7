//! Routes to the published tree: which server is asked, in which order, over which transport.

use alloc::vec::Vec;

use super::BaseUrl;
use super::limits::BASE_URLS_MAX;
use crate::Transport;

/// The routes of one cycle: TLS that authenticates first, then whatever carries signed files.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    routes: Vec<Route>,
    next: usize,
    /// Servers that did not answer in this cycle.
    silent: Vec<BaseUrl>,
}

/// One way to the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Where.
    pub(crate) base: BaseUrl,
    /// What it proves.
    pub(crate) transport: Transport,
}

/// Why a route is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// The server did not prove itself, or showed nothing of use: the same server may carry signed files.
    Refused,
    /// Nobody answered: the server is not asked again in this cycle.
    Unreachable,
}

impl Routes {
    /// The routes over `bases`, beginning with the one after `turns` others.
    pub(crate) fn new(bases: &[BaseUrl], turns: usize) -> Self {
        let count = bases.len().min(BASE_URLS_MAX);
        let turns = turns.checked_rem(count).unwrap_or(0);
        let bases = bases.iter().take(count).cycle().skip(turns).take(count).collect::<Vec<&BaseUrl>>();
        let mut routes: Vec<Route> = Vec::new();
        let tls = bases.iter().filter(|base| base.is_tls).map(|base| (base, Transport::Authenticated));
        let any = bases.iter().map(|base| (base, Transport::Unauthenticated));
        for (base, transport) in tls.chain(any) {
            let route = Route { base: (*base).clone(), transport };
            if !routes.contains(&route) {
                routes.push(route);
            }
        }
        Self { routes, next: 0, silent: Vec::new() }
    }

    /// The route in use; `None` where every one was left.
    pub(crate) fn current(&self) -> Option<&Route> {
        self.routes.get(self.next)
    }

    /// Leaves the route in use for the next one that may still work.
    pub(crate) fn leave(&mut self, why: Leaving) {
        let Some(left) = self.routes.get(self.next).cloned() else { return };
        let after = self.next.saturating_add(1);
        if why == Leaving::Unreachable {
            let mut index = 0_usize;
            self.routes.retain(|route| {
                index = index.saturating_add(1);
                index <= after || !route.base.is_same_server(&left.base)
            });
            self.silent.push(left.base);
        }
        self.next = after;
    }

    /// Begins anew with the servers that answered, for another file: what they said to one file says nothing of all.
    pub(crate) fn again(&mut self) {
        let Self { routes, silent, .. } = self;
        routes.retain(|route| !silent.iter().any(|base| route.base.is_same_server(base)));
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::String};

    use super::*;

    fn routes(turns: usize) -> Routes {
        let bases = ["http://a/t/", "https://b/t/", "https://b/t/"].map(|url| BaseUrl::parse(url).unwrap());
        Routes::new(&bases, turns)
    }

    fn walk(mut routes: Routes, why: Leaving) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(route) = routes.current() {
            names.push(format!("{} {:?}", route.base, route.transport));
            routes.leave(why);
        }
        names
    }

    #[test]
    fn tls_comes_first_and_a_refused_server_may_still_carry_signed_files() {
        let all =
            ["https://b/t/ Authenticated", "http://a/t/ Unauthenticated", "https://b/t/ Unauthenticated"];
        assert_eq!(walk(routes(0), Leaving::Refused), all);
        let turned =
            ["https://b/t/ Authenticated", "https://b/t/ Unauthenticated", "http://a/t/ Unauthenticated"];
        assert_eq!(walk(routes(1), Leaving::Refused), turned);
    }

    #[test]
    fn for_another_file_only_servers_that_answered_are_asked_again() {
        let mut routes = routes(0);
        routes.leave(Leaving::Refused);
        routes.leave(Leaving::Unreachable);
        routes.leave(Leaving::Refused);
        assert_eq!(routes.current(), None);
        routes.again();
        let all = ["https://b/t/ Authenticated", "https://b/t/ Unauthenticated"];
        assert_eq!(walk(routes, Leaving::Refused), all);
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_asked_again() {
        let all = ["https://b/t/ Authenticated", "http://a/t/ Unauthenticated"];
        assert_eq!(walk(routes(0), Leaving::Unreachable), all);
    }
}
