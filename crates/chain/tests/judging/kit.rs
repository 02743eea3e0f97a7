//! A small world: one root, one intermediate, one leaf, and the questions about them.

use bundle::UnixSeconds;
use chain::pki::{Authority, Content, Leaf, january};
use chain::{Acceptance, Purpose, Served, Time, Verdict};
use rustls_pki_types::{CertificateDer, ServerName};

/// The first of January 2026.
pub(crate) const NOW: Time = Time::Known(UnixSeconds(1_767_225_600));

pub(crate) struct World {
    pub(crate) root: Authority,
    pub(crate) intermediate: Authority,
    pub(crate) leaf: Leaf,
}

/// One question: a served chain, a name, a time.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) leaf: CertificateDer<'static>,
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
    pub(crate) host: &'static str,
    pub(crate) time: Time,
}

impl World {
    /// A root for 2020 to 2040, an intermediate to 2030, a leaf for `hub.example` from 2025 to 2027.
    pub(crate) fn new() -> Self {
        let root = Authority::root("Root", 2020..2040);
        let intermediate = root.intermediate("Intermediate", 2020..2030);
        let leaf = intermediate.leaf("hub.example", 2025..2027);
        Self { root, intermediate, leaf }
    }

    /// The bundle that trusts the root for the service `hub`.
    pub(crate) fn content(&self) -> Content {
        Content::default().anchor(self.root.certificate()).service("hub", &[])
    }

    /// The chain as the server should serve it.
    pub(crate) fn case(&self) -> Case {
        assert_eq!(NOW, Time::Known(january(2026)));
        Case {
            leaf: self.leaf.certificate.clone(),
            intermediates: vec![self.intermediate.certificate().clone()],
            host: "hub.example",
            time: NOW,
        }
    }
}

impl Case {
    pub(crate) fn served<'a>(&'a self, name: &'a ServerName<'a>) -> Served<'a> {
        Served {
            end_entity: &self.leaf,
            intermediates: &self.intermediates,
            server_name: Some(name),
            purpose: Purpose::ServerAuth,
        }
    }

    /// The verdict for the service `hub`.
    pub(crate) fn verdict(&self, content: &Content) -> Verdict {
        let name = ServerName::try_from(self.host).unwrap();
        let set = content.set();
        let (judge, served) = (set.service("hub").unwrap(), self.served(&name));
        let verdict = judge.verdict(&served, self.time);
        // Whoever asks for less gets the same answer.
        let less = match verdict.clone() {
            Verdict::Inconclusive(why) => Verdict::Inconclusive(why),
            Verdict::Refused(refusal) => Verdict::Refused(refusal),
            Verdict::Verified(path) => {
                Verdict::Verified(Acceptance { anchor: path.anchor(), valid_until: path.valid_until() })
            }
        };
        assert_eq!(judge.acceptance(&served, self.time), less);
        verdict
    }

    pub(crate) fn check(&self, content: &Content, expect: &str) {
        let verdict = self.verdict(content);
        assert_eq!(verdict.code(), expect, "{verdict:?}");
    }
}
