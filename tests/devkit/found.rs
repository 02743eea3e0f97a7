//! What stands in a mutable file, read on this machine by the store's own rules: whether applications find one whole
//! bundle there, and which.

use std::error::Error;

use bundle::{Manifest, Order};
use store::{Condition, Floors, Region, Storage as _, Store, fault::Medium};

use crate::{app::REGION, test::require};

/// Blocks of the medium; nothing is cut here.
const BLOCK_BYTES: usize = 4_096;

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The release that a slot holds, whole; `None` where applications read the image's seed.
    pub(crate) release: Option<Order>,
    /// The floors of the record that holds.
    pub(crate) floors: Floors,
}

impl Found {
    /// Reads a file: the one bundle that applications would get must be whole and verified.
    pub(crate) fn of(file: &[u8]) -> Result<Self, Box<dyn Error>> {
        let mut medium = Medium::new(BLOCK_BYTES);
        medium.write(0, file)?;
        let region = Region::new(u64::try_from(REGION.start)?, u32::try_from(REGION.len())?)
            .map_err(|_| "no region")?;
        let mut store = Store::open(medium, region)?;
        let condition = store.condition();
        require(matches!(condition, Condition::Blank | Condition::Ready), || format!("{condition:?}"))?;
        let floors = store.record().floors;
        let Some((slot, entry)) = store.readable().map(|(slot, entry)| (slot, *entry)) else {
            // A record that names a slot which does not hold is a bundle that was lost.
            require(store.record().phase.active().is_none(), || "the active slot is broken".to_owned())?;
            return Ok(Self { release: None, floors });
        };
        require(store.record().phase.active() == Some(slot), || "the active slot is broken".to_owned())?;
        let mut content = vec![0; usize::try_from(entry.total_bytes)?];
        store.read_content(slot, 0, &mut content)?;
        let (document, blobs) = content
            .split_at_checked(usize::try_from(entry.release.document_bytes)?)
            .ok_or("a document longer than its slot")?;
        let manifest =
            Manifest::restored(document, entry.release.digest).map_err(|error| format!("{error:?}"))?;
        manifest.verify_blobs(blobs).map_err(|error| format!("{error:?}"))?;
        Ok(Self { release: Some(entry.release.order), floors })
    }

    /// The release, as the protocol has it.
    pub(crate) fn release_word(&self) -> String {
        self.release.map_or_else(|| "0.1".to_owned(), |order| format!("{}.{}", order.epoch, order.number))
    }
}
