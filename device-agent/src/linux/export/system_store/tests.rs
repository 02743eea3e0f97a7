//! Debian's own program, in folders of a test's own.

use std::collections::BTreeSet;

use chain::pki::{Authority, Content};

use super::*;
use crate::linux::export::{Local, pem};
use crate::linux::kit::Device;

/// The folder to which the agent exports.
const OWN: &str = "/srv/trust";

/// A system with one anchor of its own and one that its administrator put there.
struct System {
    device: Device,
    store: SystemStore,
}

fn root(name: &str) -> Authority {
    Authority::root(name, 2000..2100)
}

fn content(roots: &[&Authority]) -> Content {
    let with = |content: Content, root: &&Authority| content.anchor(root.certificate());
    roots.iter().fold(Content::default(), with).service("hub", &[])
}

fn write(path: &Path, root: &Authority) {
    durable::replace(path, pem::block(root.certificate()).as_bytes(), 0o644).unwrap();
}

impl System {
    fn new(roots: &[&Authority], of_system: &Authority, of_administrator: &Authority) -> Self {
        let device = Device::with(&content(roots));
        let path = |name: &str| device.path(name);
        for folder in ["local", "etc", "hooks"] {
            durable::create_folder(&path(folder)).unwrap();
        }
        write(&path("share/system.crt"), of_system);
        write(&path("local/administrator.crt"), of_administrator);
        durable::replace(&path("ca-certificates.conf"), b"system.crt\n", 0o644).unwrap();
        let mut command = vec!["/usr/sbin/update-ca-certificates".to_owned()];
        for (option, name) in [
            ("--certsconf", "ca-certificates.conf"),
            ("--certsdir", "share"),
            ("--localcertsdir", "local"),
            ("--etccertsdir", "etc"),
            ("--hooksdir", "hooks"),
        ] {
            command.extend([option.to_owned(), path(name).display().to_string()]);
        }
        let store = SystemStore { command, folder: path("local/device-agent"), links: path("etc") };
        Self { device, store }
    }

    fn integrate(&self) -> Result<bool, Error> {
        let local = Local::new("test", Path::new(OWN));
        integrate(&self.store, Path::new(OWN), &ExportSet::of(&self.device.installed(), &local).unwrap())
    }

    fn bundle_holds(&self, root: &Authority) -> bool {
        let text = fs::read_to_string(self.device.path("etc/ca-certificates.crt")).unwrap();
        text.contains(&pem::block(root.certificate()))
    }

    /// How many links of the folder lead to something, and how many to nothing.
    fn links(&self) -> (usize, usize) {
        let paths = fs::read_dir(self.device.path("etc")).unwrap().map(|entry| entry.unwrap().path());
        let (there, dangling): (Vec<_>, Vec<_>) =
            paths.filter(|path| fs::read_link(path).is_ok()).partition(|path| path.exists());
        (there.len(), dangling.len())
    }
}

#[test]
fn anchors_come_and_go_in_the_systems_store_and_nobody_elses_go() {
    let names = ["One", "Two", "Three", "Of the system", "Of the administrator"];
    let [one, two, three, of_system, of_administrator] = names.map(root);
    let mut system = System::new(&[&one, &two], &of_system, &of_administrator);
    assert!(system.integrate().unwrap());
    let all = [&one, &two, &three, &of_system, &of_administrator];
    assert_eq!(all.map(|root| system.bundle_holds(root)), [true, true, false, true, true]);
    assert_eq!(system.links(), (8, 0), "each anchor by its name and by its hash");
    assert!(!system.integrate().unwrap(), "nothing has changed");
    system.device.install(&content(&[&two, &three]));
    assert!(system.integrate().unwrap());
    assert_eq!(all.map(|root| system.bundle_holds(root)), [false, true, true, true, true]);
    assert_eq!(system.links(), (8, 0));
    // Nothing is added: Debian's program leaves the links of what left.
    system.device.install(&content(&[&three]));
    assert!(system.integrate().unwrap());
    assert_eq!(all.map(|root| system.bundle_holds(root)), [false, false, true, true, true]);
    assert_eq!(system.links(), (6, 0));
}

#[test]
fn what_the_agent_did_not_put_there_stays_whatever_it_is_called() {
    let (one, other) = (root("One"), root("Other"));
    let system = System::new(&[&one], &other, &other);
    let foreign = ["device-agent-0a1b.crt", "device-agent-mine.crt", "mine.crt", "notes"];
    for name in foreign {
        write(&system.store.folder.join(name), &other);
    }
    system.integrate().unwrap();
    let names = fs::read_dir(&system.store.folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(foreign.iter().all(|name| names.contains(*name)), "{names:?}");
    assert_eq!(names.len(), foreign.len() + 2, "its anchor, and whose it is");
}

#[test]
fn a_program_that_fails_is_said_and_run_again() {
    let (one, other) = (root("One"), root("Other"));
    let mut system = System::new(&[&one], &other, &other);
    let real = std::mem::replace(&mut system.store.command, vec!["/bin/false".to_owned()]);
    let error = system.integrate().unwrap_err();
    assert!(error.to_string().starts_with("/bin/false: the system's store may not be current"), "{error}");
    system.store.command = vec!["/nothing/here".to_owned()];
    assert_eq!(system.integrate().unwrap_err().exit(), Exit::Io);
    assert!(is_pending(&system.store));
    system.store.command = real;
    assert!(system.integrate().unwrap(), "the files are there, and the system was not told of them yet");
    assert!(system.bundle_holds(&one) && !is_pending(&system.store));
    assert!(!system.integrate().unwrap());
}

#[test]
fn who_switches_it_off_takes_its_own_anchors_out_and_nobody_elses() {
    let [one, of_system, of_administrator] = ["One", "Of the system", "Of the administrator"].map(root);
    let system = System::new(&[&one], &of_system, &of_administrator);
    let held = || [&one, &of_system, &of_administrator].map(|root| system.bundle_holds(root));
    assert!(!withdraw(&system.store, Path::new(OWN)).unwrap(), "nothing was put there yet");
    assert!(system.integrate().unwrap());
    assert!(!withdraw(&system.store, Path::new("/srv/another")).unwrap(), "what another agent put there");
    assert_eq!(held(), [true; 3]);
    let somebodys = system.store.folder.join("somebody.crt");
    write(&somebodys, &of_administrator);
    let broken = SystemStore { command: vec!["/bin/false".to_owned()], ..system.store.clone() };
    assert!(withdraw(&broken, Path::new(OWN)).is_err());
    assert!(withdraw(&system.store, Path::new(OWN)).unwrap(), "and is tried again");
    assert_eq!(held(), [false, true, true]);
    assert_eq!(system.links().1, 0, "no link leads to nothing");
    assert!(somebodys.exists() && own_names(&system.store.folder).unwrap().is_empty());
    fs::remove_file(&somebodys).unwrap();
    assert!(system.integrate().unwrap() && withdraw(&system.store, Path::new(OWN)).unwrap());
    assert!(!system.store.folder.exists());
    assert!(!withdraw(&system.store, Path::new(OWN)).unwrap(), "there is nothing more to be done");
}
