//! The manual: the pages that are written, and one for each function that leads to the page it stands in.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{failure::Failure, files};

/// The pages by their file names.
///
/// # Errors
/// The folder cannot be read, or a function stands in no page.
pub(super) fn pages(folder: &Path, functions: &[String]) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let failed = |source| Failure::File { action: "read the folder", path: folder.to_owned(), source };
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            pages.insert(name.to_owned(), files::read(&path)?);
        }
    }
    let mut links = BTreeMap::new();
    for function in functions {
        let declared = format!("\n.Fo {function}\n");
        let tells = |text: &[u8]| String::from_utf8_lossy(text).contains(&declared);
        let page = pages.iter().find(|(_, text)| tells(text)).map(|(name, _)| name);
        let page = page
            .ok_or_else(|| Failure::Check(format!("{function} stands in no page of {}", folder.display())))?;
        links.insert(format!("{function}.3"), format!(".so man3/{page}\n").into_bytes());
    }
    links.append(&mut pages);
    Ok(links)
}
