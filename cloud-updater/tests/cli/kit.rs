//! A repository in a temporary folder, and the program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::hub;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cloud-updater");

/// A folder with a repository `example`, an operator's configuration and two roots in PEM.
pub(crate) struct World {
    folder: Folder,
    /// The port of its hub, once somebody needs it.
    hub: OnceLock<u16>,
}

enum Folder {
    /// Removed with the world.
    Temporary(tempfile::TempDir),
    /// Kept for the whole run of the tests, and replaced by the next one.
    Kept(PathBuf),
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    /// An empty repository folder with `old-root.pem` and `new-root.pem`.
    pub(crate) fn new() -> Self {
        Self::in_folder(Folder::Temporary(tempfile::tempdir().unwrap()))
    }

    /// The same, in a folder that outlives the value.
    pub(crate) fn kept(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        Self::in_folder(Folder::Kept(folder))
    }

    fn in_folder(folder: Folder) -> Self {
        let world = Self { folder, hub: OnceLock::new() };
        fs::create_dir(world.repository()).unwrap();
        write(&world.path("passphrase"), "correct horse battery staple\n");
        fs::set_permissions(world.path("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
        for name in ["old-root", "new-root"] {
            let key = root_key();
            write(&world.path(&format!("{name}.key")), &key.serialize_pem());
            let root = root_parameters(name).self_signed(&key).unwrap();
            write(&world.repository().join(format!("{name}.pem")), &root.pem());
        }
        azure(&world.repository().join("azure"));
        world
    }

    /// A copy of everything, for the next section.
    pub(crate) fn copy(&self) -> Self {
        let folder = Folder::Temporary(tempfile::tempdir().unwrap());
        let copy = Self { folder, hub: OnceLock::new() };
        copy_folder(&self.path(""), &copy.path(""));
        copy
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match &self.folder {
            Folder::Temporary(folder) => folder.path().join(name),
            Folder::Kept(folder) => folder.join(name),
        }
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.path("example")
    }

    pub(crate) fn public(&self) -> PathBuf {
        self.repository().join("public")
    }

    /// Runs a shell command in the repository, the program being the one under test.
    pub(crate) fn shell(&self, line: &str) -> Said {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        self.run(command)
    }

    /// Runs the program in the repository.
    pub(crate) fn updater(&self, arguments: &[&str]) -> Said {
        self.run(self.command(arguments))
    }

    /// The program, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.settle(&mut command);
        command
    }

    /// Runs the program and takes its JSON answer; it must end with `code`.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> serde_json::Value {
        let said = self.updater(&[arguments, &["--json"]].concat());
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }

    /// Runs the program; it must end well.
    pub(crate) fn good(&self, line: &str) -> String {
        let said = self.shell(&format!("cloud-updater {line}"));
        assert_eq!(said.code, 0, "{line}: {said:?}");
        said.out
    }

    /// Signs a file with several keys.
    pub(crate) fn sign(&self, file: &str, keys: &[&str]) {
        for key in keys {
            self.good(&format!("sign --yes --key {key} {file}"));
        }
    }

    fn run(&self, mut command: Command) -> Said {
        self.settle(&mut command);
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    /// One environment for every command: nothing of the machine's own configuration is seen.
    fn settle(&self, command: &mut Command) {
        let folder = Path::new(PROGRAM).parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let port = self.hub.get_or_init(|| hub::start(&self.path("")));
        command
            .env_clear()
            .env("CLOUD_UPDATER_RESOLVE", format!("{}=127.0.0.1:{port}", hub::ENDPOINT))
            .current_dir(self.repository())
            .env("PATH", format!("{folder}:{path}"))
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("configuration"))
            .env("CLOUD_UPDATER_AUTHOR", "operator")
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .env("CLOUD_UPDATER_PASSPHRASE_FILE", self.path("passphrase"))
            .stdin(std::process::Stdio::null());
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    write_bytes(path, text.as_bytes());
}

pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

/// A root certificate, valid for ten years around any present.
pub(crate) fn root_pem(name: &str) -> String {
    root_parameters(name).self_signed(&root_key()).unwrap().pem()
}

fn root_key() -> rcgen::KeyPair {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()
}

/// What such a root says of itself.
pub(crate) fn root_parameters(name: &str) -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    parameters.not_after = rcgen::date_time_ymd(2100, 1, 1);
    parameters
}

/// The real certificates of Azure's rotations, and twins of two intermediates, without the fault for which they went.
fn azure(folder: &Path) {
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/azure"), folder);
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::Issuer::new(authority("Baltimore CyberTrust Root", "Baltimore"), key);
    for number in [2, 4] {
        let key = rcgen::KeyPair::generate().unwrap();
        let twin = authority(&format!("Microsoft IT TLS CA {number}"), "Microsoft Corporation");
        let pem = twin.signed_by(&key, &root).unwrap().pem();
        write(&folder.join(format!("microsoft-it-tls-ca-{number}.pem")), &pem);
    }
}

fn authority(name: &str, organization: &str) -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::OrganizationName, organization);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    (parameters.not_before, parameters.not_after) =
        (rcgen::date_time_ymd(2016, 5, 20), rcgen::date_time_ymd(2024, 5, 20));
    parameters
}

/// Every file below `folder` but hidden ones, by its path inside it.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in fs::read_dir(&place).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else {
                let label = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(label, fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
