//! The exports of what is installed, in every place that is to have them.

use trust_store::Installed;

use super::{ExportSet, Local, Published, integrate, publish, withdraw};
use crate::linux::configuration::{Export, Settings, SystemStore};
use crate::linux::error::Error;

/// What became of the exports.
#[derive(Debug)]
pub struct Made {
    /// What was exported.
    pub set: ExportSet,
    /// What became of the folder.
    pub published: Published,
    /// Why the system's store may not have the anchors, where it is to have them, or still has them, where it is not.
    pub system_store: Option<Error>,
}

/// Makes the exports of what is installed.
///
/// # Errors
/// The folder shows what it showed before. A system's store that cannot be changed keeps nobody else waiting.
pub fn make(installed: &Installed, settings: &Settings, export: &Export) -> Result<Made, Error> {
    // The system's store comes first: an application may trust what is in it.
    let integrated = match &export.system_store {
        Some(store) => ExportSet::of(installed, &Local::new(&settings.channel, &export.folder))
            .and_then(|set| integrate(store, &export.folder, &set)),
        // It may have had them before.
        None => withdraw(&SystemStore::debian(), &export.folder),
    };
    let set = ExportSet::of(installed, &Local::read(settings, export))?;
    let published = publish(&export.folder, &set, export.file_mode)?;
    Ok(Made { set, published, system_store: integrated.err() })
}
