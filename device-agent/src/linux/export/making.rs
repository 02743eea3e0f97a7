//! The exports of what is installed, in every place that is to have them.

use trust_store::Installed;

use super::{ExportSet, Local, Published, integrate, publish};
use crate::linux::configuration::{Export, Settings};
use crate::linux::error::Error;

/// What became of the exports.
#[derive(Debug)]
pub struct Made {
    /// What was exported.
    pub set: ExportSet,
    /// What became of the folder.
    pub published: Published,
    /// Why the system's store may not have the anchors, where it is to have them.
    pub system_store: Option<Error>,
}

/// Makes the exports of what is installed.
///
/// # Errors
/// The folder shows what it showed before. A system's store that cannot be changed keeps nobody else waiting.
pub fn make(installed: &Installed, settings: &Settings, export: &Export) -> Result<Made, Error> {
    // The system's store comes first: an application may trust what is in it.
    let integrated = export.system_store.as_ref().map(|store| {
        let set = ExportSet::of(installed, &Local::new(&settings.channel, &export.folder))?;
        integrate(store, &set)
    });
    let set = ExportSet::of(installed, &Local::read(settings, export))?;
    let published = publish(&export.folder, &set, export.file_mode)?;
    Ok(Made { set, published, system_store: integrated.and_then(Result::err) })
}
