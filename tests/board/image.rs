//! An image package: the program, its manifest and its data, as `az sphere image-package` would pack them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// Flash for all images of an app on the device, in bytes; packing more is an error of its tool.
pub const BYTES_MAX: u64 = 1024 * 1024;
/// The manifest's name in the package.
const MANIFEST: &str = "app_manifest.json";

/// An image package that fits the device.
#[derive(Clone, Debug)]
pub struct Image {
    folder: PathBuf,
    manifest: Manifest,
    bytes: u64,
}

/// What a board follows of `app_manifest.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    component_id: String,
    entry_point: String,
    #[serde(default)]
    cmd_args: Vec<String>,
    capabilities: Capabilities,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Capabilities {
    allowed_connections: Vec<String>,
    mutable_storage: Option<MutableStorage>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct MutableStorage {
    #[serde(rename = "SizeKB")]
    size_kib: u64,
}

impl Image {
    /// Reads the folder of an image package.
    ///
    /// # Errors
    /// It has no manifest that can be read, no program, or more bytes than the device's flash.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        let path = folder.join(MANIFEST);
        let named = |path: &Path, error: String| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| named(&path, error.to_string()))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| named(&path, error.to_string()))?;
        let mut files = Vec::new();
        collect(&folder, &mut files)?;
        let sizes = files.iter().map(|path| fs::metadata(path).map(|data| data.len()));
        let bytes = sizes.sum::<io::Result<u64>>()?;
        if bytes > BYTES_MAX {
            return Err(named(
                &folder,
                format!("the image has {bytes} bytes, and the device's flash {BYTES_MAX}"),
            ));
        }
        let image = Self { folder, manifest, bytes };
        if image.program().is_file() {
            return Ok(image);
        }
        Err(named(&image.program(), "not found, and the manifest's entry point".to_owned()))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.folder.join(self.entry_point())
    }

    /// The program's path inside the package, without a slash in front.
    #[must_use]
    pub fn entry_point(&self) -> &str {
        self.manifest.entry_point.trim_start_matches('/')
    }

    /// The id by which the device knows the app.
    #[must_use]
    pub fn component_id(&self) -> &str {
        &self.manifest.component_id
    }

    /// The arguments that the manifest starts the program with.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.manifest.cmd_args
    }

    /// The only hosts that the program may connect to.
    #[must_use]
    pub fn allowed_connections(&self) -> &[String] {
        &self.manifest.capabilities.allowed_connections
    }

    /// The greatest size of the mutable file, in KiB; 0 where the manifest asks for none.
    #[must_use]
    pub fn storage_kib(&self) -> u64 {
        self.manifest.capabilities.mutable_storage.map_or(0, |storage| storage.size_kib)
    }

    /// The size of all files together, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Every file, with its path inside the package.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        collect(&self.folder, &mut files)?;
        let inside = |path: &Path| {
            path.strip_prefix(&self.folder)
                .map(|path| path.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        Ok(files.into_iter().map(|path| (inside(&path), path)).collect())
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write as _};

    use super::*;

    const TEXT: &str = r#"{ "SchemaVersion": 1, "Name": "Sample", "ComponentId": "25025d2c", "EntryPoint": "/bin/app",
        "CmdArgs": ["--port"], "Capabilities": { "AllowedConnections": ["trust.example"],
        "MutableStorage": { "SizeKB": 64 } }, "ApplicationType": "Default" }"#;

    fn check(program_bytes: u64, expect: Result<u64, &str>) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        File::create(folder.path().join(MANIFEST)).unwrap().write_all(TEXT.as_bytes()).unwrap();
        File::create(folder.path().join("bin/app")).unwrap().set_len(program_bytes).unwrap();
        match (Image::open(folder.path()), expect) {
            (Ok(image), Ok(bytes)) => {
                assert_eq!((image.bytes(), image.storage_kib()), (bytes, 64));
                assert_eq!(image.allowed_connections(), ["trust.example"]);
                assert_eq!(image.arguments(), ["--port"]);
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn an_image_above_the_flash_of_the_device_is_refused() {
        let manifest = u64::try_from(TEXT.len()).unwrap();
        check(BYTES_MAX - manifest, Ok(BYTES_MAX));
        check(BYTES_MAX - manifest + 1, Err("and the device's flash 1048576"));
    }

    #[test]
    fn a_folder_without_a_manifest_is_no_image() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Image::open(folder.path()).unwrap_err().to_string().contains(MANIFEST));
    }
}
