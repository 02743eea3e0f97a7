//! An operator with a first release, the service it is for, and devices that follow it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use system_tests::{
    gateway::{Gateway, Setup, place},
    operator::{HEADS, Operator, PEOPLE, RECOVERIES},
    pki::{Authority, Vendor},
    process::Background,
    tls_service::{ALL_VERSIONS, TlsService},
};
use tempfile::TempDir;
use trust_store::{Location, TrustStore};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// The service's host and endpoint.
pub(crate) const HOST: &str = "hub.example";
pub(crate) const ENDPOINT: &str = "hub.example:8883";

const SERVICES: &str = "[services.iot-hub]\nhosts = [\"hub.example:8883\"]\nanchors = \"all\"\n";

/// Everything on this machine; what is dropped is gone.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) operator: Operator,
    pub(crate) vendor: Vendor,
    pub(crate) hub: TlsService,
}

/// A server of the published tree, or of reports: the process and its URLs in the order of its listeners.
pub(crate) struct Server {
    _process: Background,
    pub(crate) urls: Vec<String>,
}

impl Scene {
    /// An operator whose release 1 has the old root, and the service under it.
    pub(crate) fn new() -> Self {
        let (folder, vendor) = (tempfile::tempdir().unwrap(), Vendor::new());
        let hub = TlsService::start(&vendor.old_identity(HOST), ALL_VERSIONS).unwrap();
        let operator = Operator::new(&folder.path().join("operator")).unwrap();
        operator.init("test", &["prod"]).unwrap();
        for name in PEOPLE.iter().chain(&HEADS).chain(&RECOVERIES) {
            operator.make_key(name).unwrap();
        }
        operator.assign_roles().unwrap();
        operator.publish_keyring().unwrap();
        operator.describe_services(SERVICES).unwrap();
        let scene = Self { folder, operator, vendor, hub };
        scene.add("old-root", &scene.vendor.old_root);
        scene.operator.publish_release("prod", "the first release").unwrap();
        scene
    }

    /// Adds a root to the repository.
    pub(crate) fn add(&self, name: &str, root: &Authority) {
        self.operator.add_anchor(name, root.certificate(), &[]).unwrap();
    }

    /// Publishes the new root beside the old one.
    pub(crate) fn publish_both(&self) {
        self.add("new-root", &self.vendor.new_root);
        self.operator.publish_release("prod", "the vendor moves").unwrap();
    }

    /// `cloud-updater serve` with these options.
    pub(crate) fn serve(&self, operator: &Operator, options: &[&str]) -> Server {
        let mut command =
            operator.command(&[&["serve", "--poll-milliseconds", "10"], options].concat()).unwrap();
        let process = Background::start(&mut command).unwrap();
        let listeners = options.iter().filter(|option| option.contains("listen")).count();
        let url = |line: &String| line.strip_prefix("serving ")?.rsplit(' ').next().map(str::to_owned);
        let all = |lines: &[String]| {
            let urls: Vec<String> = lines.iter().filter_map(url).collect();
            (urls.len() == listeners).then_some(urls)
        };
        let urls = process.wait_for(PATIENCE, all).unwrap();
        Server { _process: process, urls }
    }

    /// The published tree, served from this operator's folder.
    pub(crate) fn serve_tree(&self) -> Server {
        self.serve(&self.operator, &["--listen", "127.0.0.1:0"])
    }

    /// Lets the device run one cycle, once the server shows the newest head of this operator's tree.
    pub(crate) fn check(&self, device: &Gateway, server: &Server, operator: &Operator) {
        self.wait(server, operator);
        device.check(None).unwrap().success().unwrap();
    }

    /// Waits until the server shows the newest head of this operator's tree.
    pub(crate) fn wait(&self, server: &Server, operator: &Operator) {
        let head = std::fs::read(operator.tree().join("prod/head")).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while fetch(&server.urls[0], "prod/head") != head {
            assert!(Instant::now() < deadline, "the server does not show the newest head");
        }
    }

    /// A device with the release that is rolled out as its seed.
    pub(crate) fn device(&self, urls: Vec<String>, extra: &str) -> Gateway {
        let seed = self.path("seed");
        self.operator.done(&["export", "seed", "--out", &seed.to_string_lossy()]).unwrap();
        let setup = Setup {
            id: "gateway-7",
            channel: "prod",
            urls,
            seed: &std::fs::read(seed).unwrap(),
            resolve: vec![(ENDPOINT.into(), self.hub.address())],
            extra,
        };
        Gateway::new(&setup).unwrap()
    }

    /// An enrolled device with these settings of `[report]` and whatever else, and the server of tree and reports that it
    /// follows; it has checked nothing yet.
    pub(crate) fn reporting(&self, extra: &str) -> (Gateway, Server) {
        let server =
            self.serve(&self.operator, &["--listen", "127.0.0.1:0", "--report-listen", "127.0.0.1:0"]);
        let url = server.urls[1].trim_end_matches('/');
        let settings = format!("[report]\nurl = \"{url}/report\"\nplain-on-loopback = true\n{extra}");
        let device = self.device(vec![server.urls[0].clone()], &settings);
        let line = device.agent(&["key", "new"]).unwrap().success().unwrap();
        let list = self.path("devices.csv");
        place(&list, line.as_bytes()).unwrap();
        self.operator.done(&["fleet", "enrol", &list.to_string_lossy()]).unwrap();
        (device, server)
    }

    /// A file of the scene.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A file of a tree that is served over plain HTTP.
fn fetch(url: &str, path: &str) -> Vec<u8> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut connection = TcpStream::connect(address).unwrap();
    write!(connection, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
}

/// The release that applications on a device read, and how many anchors the service has.
pub(crate) fn installed(device: &Gateway) -> (u32, usize) {
    let store = TrustStore::open(Location::of(&device.store()), Some(&device.path("seed"))).unwrap();
    let installed = store.installed();
    let anchors = installed.anchors("iot-hub").map_or(0, Iterator::count);
    (installed.order().number, anchors)
}

/// Every file below a folder, by its path from there; hidden files are no part of a published tree.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
