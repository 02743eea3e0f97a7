//! Two servers that stay where they are, and a folder as the agent exports it.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use system_tests::{
    gateway::place,
    pki::{Authority, Vendor, pem},
    process::run,
    tls_service::{ALL_VERSIONS, TlsService},
};
use tempfile::TempDir;

/// Everything on this machine; what is dropped is gone.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) vendor: Vendor,
    /// A server of `localhost` under the old root.
    pub(crate) old: TlsService,
    /// One under the new root.
    pub(crate) new: TlsService,
}

impl Scene {
    /// The export trusts the old root.
    pub(crate) fn new() -> Self {
        let (folder, vendor) = (tempfile::tempdir().unwrap(), Vendor::new());
        let old = TlsService::start(&vendor.old_identity("localhost"), ALL_VERSIONS).unwrap();
        let new = TlsService::start(&vendor.new_identity("localhost"), ALL_VERSIONS).unwrap();
        let scene = Self { folder, vendor, old, new };
        scene.export(1, &[&scene.vendor.old_root]);
        symlink("..data/services", scene.path("trust/services")).unwrap();
        scene
    }

    /// What the agent does: a generation in a folder of its own, and one rename.
    pub(crate) fn export(&self, number: u32, roots: &[&Authority]) {
        let generation = format!("..release-{number}");
        let services = self.path("trust").join(&generation).join("services");
        fs::create_dir_all(&services).unwrap();
        let text: String = roots.iter().map(|root| pem(root.certificate())).collect();
        let text = format!("# start of services/iot-hub.pem\n{text}# end of services/iot-hub.pem\n");
        place(&services.join("iot-hub.pem"), text.as_bytes()).unwrap();
        symlink(generation, self.path("trust/..next")).unwrap();
        fs::rename(self.path("trust/..next"), self.path("trust/..data")).unwrap();
    }

    /// The file that the adapters follow.
    pub(crate) fn file(&self) -> PathBuf {
        self.path("trust/services/iot-hub.pem")
    }

    /// A file of this scene.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The adapter for Java, as its document makes it.
    pub(crate) fn jar(&self) -> PathBuf {
        let mut build = Command::new("sh");
        build.arg(root().join("device-agent/adapters/java/build.sh")).arg(self.path("target"));
        run(&mut build, "").unwrap().success().unwrap();
        self.path("target/trust-adapter.jar")
    }
}

/// The machine's Node.js, and a newer one where `cargo xtask test` has it.
pub(crate) fn nodes() -> Vec<PathBuf> {
    let newer = env::var_os("SYSTEM_TESTS_NODE").map(PathBuf::from);
    std::iter::once("node".into()).chain(newer).collect()
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}
