//! The two bundles that probes are judged under, parsed once for all endpoints of a round.

use bundle::{Denial, Sha256};
use store::Storage;

use crate::{Agent, Content, judgement::Judged};

/// Present and candidate, as the engine holds them.
#[derive(Debug, Default)]
pub struct Bundles {
    present: Option<Kept>,
    candidate: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    digest: Sha256,
    denials: Vec<Denial>,
    judged: Judged,
}

impl Bundles {
    /// The two, read anew where the engine's have changed; `None` where it has none, or it cannot be read.
    pub fn of<S: Storage>(&mut self, agent: &mut Agent<'_, S>) -> (Option<&Judged>, Option<&Judged>) {
        let denials: Vec<Denial> = agent.denials().iter().collect();
        let (present, candidate) = (agent.present(), agent.candidate());
        refresh(&mut self.present, present, agent, &denials);
        refresh(&mut self.candidate, candidate, agent, &denials);
        (self.present.as_ref().map(|kept| &kept.judged), self.candidate.as_ref().map(|kept| &kept.judged))
    }
}

fn refresh<S: Storage>(
    kept: &mut Option<Kept>,
    content: Option<Content>,
    agent: &mut Agent<'_, S>,
    denials: &[Denial],
) {
    let is_kept =
        |kept: &Kept| Some(kept.digest) == content.map(|content| content.digest) && kept.denials == denials;
    if kept.as_ref().is_some_and(is_kept) {
        return;
    }
    *kept = content.and_then(|content| load(agent, &content, denials));
}

fn load<S: Storage>(agent: &mut Agent<'_, S>, content: &Content, denials: &[Denial]) -> Option<Kept> {
    let mut bytes = vec![0; usize::try_from(content.total_bytes).ok()?];
    agent.read(content, 0, &mut bytes).ok()?;
    let (document, blobs) = bytes.split_at_checked(usize::try_from(content.document_bytes).ok()?)?;
    let judged = Judged::restored(document, blobs, content.digest, denials)?;
    Some(Kept { digest: content.digest, denials: denials.to_vec(), judged })
}
