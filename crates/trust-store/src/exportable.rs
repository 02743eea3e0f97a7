//! The anchors that may leave a release as bare certificates.

use bundle::{Unexportable, UnixSeconds, check_exportable};
use chain::{Certificate, Unsaid};

use crate::{Installed, InstalledAnchor};

impl Installed {
    /// The anchors of `service` that may leave the bundle as bare certificates in the form of this name, in the
    /// manifest's order; `None` where the release has no such service.
    ///
    /// As in the files that the agent exports, the service's policy decides about everything that certificates cannot say.
    #[must_use]
    pub fn exportable(&self, service: &str, form: &str) -> Option<impl Iterator<Item = InstalledAnchor<'_>>> {
        let manifest = self.manifest().ok()?;
        let issued_at = manifest.header().issued_at;
        let unsaid = Unsaid::of(&manifest.service(service)?, self.denials_of_no_anchor(), issued_at);
        let is_closed = unsaid.closes();
        let leaves = move |anchor: &InstalledAnchor<'_>| {
            check_exportable(&anchor.entry, unsaid.policy, form).is_ok()
                && (unsaid.policy.keeps(Unexportable::Dates) || !anchor.has_ended(issued_at))
        };
        Some(self.anchors(service)?.filter(move |anchor| !is_closed && leaves(anchor)))
    }

    /// Entries of the deny list that name no anchor. A denied anchor is left out; a denied intermediate, server or key is
    /// something that no file can say.
    #[must_use]
    pub fn denials_of_no_anchor(&self) -> usize {
        let anchors = || self.manifest().into_iter().flat_map(|manifest| manifest.all_anchors().iter());
        let names_none =
            |denial: &&bundle::Denial| !anchors().any(|anchor| denial.names_certificate(anchor.sha256));
        self.set().denials().iter().filter(names_none).count()
    }
}

impl InstalledAnchor<'_> {
    /// True where it had ended before this moment: its certificate, or everything that its constraints allow.
    #[must_use]
    pub fn has_ended(&self, before: UnixSeconds) -> bool {
        let not_after = Certificate::parse(self.der).map(|certificate| certificate.not_after());
        self.entry.end(not_after.ok()).is_some_and(|end| end < before)
    }
}
