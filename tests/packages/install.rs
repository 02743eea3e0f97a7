//! A package on a machine without systemd: what it puts there, what it leaves alone, and the agent at work with a
//! read-only root and exported files that are gone after a reboot.

use std::{fs, io};

use system_tests::process::Ended;

use crate::{
    cycle::NOW,
    made::{Package, Program},
    part::{Found, expect},
    root::Root,
    scene::Scene,
};

/// The group that reads exported files.
const GROUP: &str = "device-agent";
/// Where they are by default.
const TRUST: &str = "/var/lib/device-agent/trust";
/// Where they are on a machine whose state is volatile.
const VOLATILE_TRUST: &str = "/run/device-agent/trust";
/// A user of applications.
const APPLICATION: u32 = 4242;
/// The file of this package that belongs to whoever runs the machine.
const CONFFILE: &str = "/etc/default/device-agent";

/// A machine with a package on it.
struct Machine<'a> {
    root: Root,
    agent: &'a Program,
}

impl<'a> Machine<'a> {
    /// A machine on which the package's file is, not installed yet.
    fn with(package: &Package, agent: &'a Program) -> io::Result<Self> {
        let root = Root::start()?;
        root.put("/tmp/package.deb", &fs::read(&package.file)?)?;
        Ok(Self { root, agent })
    }

    /// Installs it, as on a machine of its architecture.
    fn install(&self) -> Found {
        self.root.shell("dpkg --force-architecture --install /tmp/package.deb </dev/null").map(drop)
    }

    /// Runs the installed agent.
    fn agent(&self, arguments: &[&str]) -> io::Result<Ended> {
        let mut words: Vec<&str> = self.agent.emulator.iter().map(String::as_str).collect();
        words.push("/usr/bin/device-agent");
        words.extend(arguments);
        self.root.run(&words)
    }

    /// Owner, group and mode of a file.
    fn owner(&self, path: &str) -> io::Result<String> {
        Ok(self.root.shell(&format!("stat -c '%U:%G %a' {path}"))?.trim().to_owned())
    }

    fn expect_owner(&self, path: &str, owner: &str) -> Found {
        let found = self.owner(path)?;
        expect(found == owner, || format!("{path} is {found} instead of {owner}"))
    }
}

/// Installing, installing again and removing change nothing that is somebody else's.
pub(crate) fn leaves_alone(package: &Package, agent: &Program) -> Found {
    let machine = Machine::with(package, agent)?;
    machine.install()?;
    machine.expect_owner("/var/lib/device-agent", "root:root 755")?;
    machine.expect_owner(TRUST, "root:device-agent 2755")?;
    let untold = machine.agent(&["status"])?;
    expect(untold.status.code() == Some(2), || format!("it runs without a configuration: {untold}"))?;

    // What an operator changed stays through an upgrade.
    machine.root.shell(&format!(
        "echo DEVICE_AGENT_DEVICE=mine >>{CONFFILE}; chgrp adm {TRUST}; chmod 2700 {TRUST}"
    ))?;
    machine.root.shell("echo '# mine' >/etc/device-agent/agent.toml")?;
    machine.install()?;
    let kept = machine.root.shell(&format!("cat {CONFFILE}"))?;
    expect(kept.contains("DEVICE_AGENT_DEVICE=mine"), || format!("{CONFFILE} was replaced: {kept}"))?;
    machine.expect_owner(TRUST, "root:adm 2700")?;

    // The device's key and what applications trust outlive the package.
    machine.root.shell("echo secret >/var/lib/device-agent/device.key")?;
    let told = machine.root.shell("dpkg --purge device-agent 2>&1")?;
    machine.root.shell("test -e /var/lib/device-agent/device.key && test -e /etc/device-agent/agent.toml")?;
    machine.root.shell(&format!("test ! -e /usr/bin/device-agent && test ! -e {CONFFILE}"))?;
    expect(told.contains("remove them by hand"), || format!("nobody is told of what stays: {told}"))
}

/// Somebody else's folder stays somebody else's, and the agent says that others write to it.
pub(crate) fn says_who_writes(package: &Package, agent: &Program) -> Found {
    let machine = Machine::with(package, agent)?;
    machine.root.shell(&format!(
        "mkdir -p {TRUST}; echo theirs >{TRUST}/whole.pem; chown -R 1234:1234 {TRUST}; chmod 0777 {TRUST}"
    ))?;
    machine.install()?;
    machine.expect_owner(TRUST, "UNKNOWN:UNKNOWN 777")?;
    let scene = Scene::new(NOW.1)?;
    configure(&machine.root, &scene, TRUST, "")?;
    let ended = machine.agent(&["--as-of", NOW.0, "export"])?;
    expect(ended.status.code() == Some(1), || format!("no finding: {ended}"))?;
    expect(ended.errors.contains("belongs to user 1234"), || {
        format!("it does not say whose folder: {ended}")
    })?;
    let theirs = machine.root.shell(&format!("cat {TRUST}/whole.pem"))?;
    expect(theirs == "theirs\n", || format!("somebody else's file is now {theirs}"))
}

/// Nothing but memory can be written, exports come before applications, and only the group reads them.
pub(crate) fn works_on_a_frozen_root(package: &Package, agent: &Program) -> Found {
    let machine = Machine::with(package, agent)?;
    machine.install()?;
    let mut scene = Scene::new(NOW.1)?;
    configure(&machine.root, &scene, VOLATILE_TRUST, "file-mode = \"0640\"\n")?;
    machine.root.freeze()?;
    let frozen = machine.root.run(&["touch", "/etc/device-agent/x"])?;
    expect(!frozen.status.success(), || "the root folder is not read-only".to_owned())?;
    for _boot in 0..2 {
        boot(&machine)?;
        who_reads(&machine)?;
    }
    let number = scene.add_root();
    let cycle = machine.agent(&["--as-of", NOW.0, "--json", "run", "--once"])?;
    let confirmed = cycle.status.success() && cycle.output.contains("\"confirmed\"");
    expect(confirmed, || format!("release {number} is not confirmed: {cycle}"))?;
    who_reads(&machine)?;
    let status = machine.agent(&["--as-of", NOW.0, "status"])?;
    expect(status.status.success(), || format!("status finds something: {status}"))
}

/// Writes the machine's configuration and its seed.
fn configure(root: &Root, scene: &Scene, exports: &str, of_export: &str) -> Found {
    root.shell("mkdir -p /usr/share/device-agent")?;
    root.put("/usr/share/device-agent/seed", &scene.seed())?;
    let text = scene.configuration(exports, of_export);
    root.put("/etc/device-agent/agent.toml", text.as_bytes())
}

/// The machine starts: its memory is empty, folders are made, exports come first.
fn boot(machine: &Machine<'_>) -> Found {
    machine.root.shell(
        "mount -t tmpfs -o mode=0755 none /run; mount -t tmpfs -o mode=0755 none /var/lib/device-agent",
    )?;
    machine.root.shell(&format!(
        "mkdir -p {VOLATILE_TRUST}; chgrp {GROUP} {VOLATILE_TRUST}; chmod 2755 {VOLATILE_TRUST}"
    ))?;
    let ended = machine.agent(&["--as-of", NOW.0, "export"])?;
    expect(ended.status.success(), || format!("no exports: {ended}"))?;
    expect(ended.errors.contains("memory"), || format!("it does not say that memory is volatile: {ended}"))
}

/// The group reads, nobody else does, and neither writes.
fn who_reads(machine: &Machine<'_>) -> Found {
    let file = format!("{VOLATILE_TRUST}/services/hub.pem");
    let read = format!("grep -c 'BEGIN CERTIFICATE' {file}");
    machine.expect_owner(&format!("-L {file}"), "root:device-agent 640")?;
    let member = machine.root.shell_as(APPLICATION, GROUP, &read)?;
    expect(member.status.success(), || format!("the group cannot read: {member}"))?;
    let stranger = machine.root.shell_as(APPLICATION, "nogroup", &read)?;
    expect(!stranger.status.success(), || format!("a stranger can read: {stranger}"))?;
    let current = format!("{VOLATILE_TRUST}/..data");
    for deed in [
        format!("echo x >>{file}"),
        format!("echo x >{VOLATILE_TRUST}/new"),
        format!("rm {VOLATILE_TRUST}/whole.pem"),
        format!("ln -sfn /tmp {current}"),
        format!("echo x >$(readlink -f {current})/new"),
    ] {
        let done = machine.root.shell_as(APPLICATION, GROUP, &deed)?;
        expect(!done.status.success(), || format!("the group can write: {deed}"))?;
    }
    Ok(())
}
