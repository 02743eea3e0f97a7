//! The inside of the strict tier's machine: its first file system, and the script that prepares it for the program.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::board::{
    archive::Archive,
    bench::Bench,
    image::Image,
    kit::{Boot, Host, MEMORY_BYTES_MAX, Reach},
};

/// Modules that the machine needs: an interface that swallows all, its bus, its network, its disk and the file system on it.
const MODULES: [&str; 7] =
    ["dummy", "virtio_mmio", "virtio_net", "virtio_blk", "crc32c_generic", "crc32c-arm-ce", "ext4"];
/// The machine's own address; the emulator answers for all others of its network.
const OWN_ADDRESS: &str = "10.0.2.15/24";
/// The emulator, as a router that forwards nothing.
const ROUTER: &str = "10.0.2.2";
/// The first of the addresses at which the emulator answers for a service, as the last number of four.
const FIRST_SERVED: usize = 100;
/// The last number of the most services that fit.
const LAST_SERVED: usize = 199;
/// Where nobody listens: an address for documentation (RFC 5737), for which the router resets connections.
const REFUSED: &str = "192.0.2.1";
/// Where nobody answers: another one, behind an interface that swallows all.
const DROPPED: &str = "198.51.100.1";

/// The address under which the machine knows a host.
pub(crate) fn address(hosts: &[Host], index: usize) -> io::Result<String> {
    match hosts.get(index).map(|host| host.reach) {
        Some(Reach::Served(_)) if FIRST_SERVED + index <= LAST_SERVED => {
            Ok(format!("10.0.2.{}", FIRST_SERVED + index))
        }
        Some(Reach::Refused) => Ok(REFUSED.to_owned()),
        Some(Reach::Dropped) => Ok(DROPPED.to_owned()),
        Some(Reach::Served(_)) | None => Err(io::Error::other("the machine's network holds 100 services")),
    }
}

/// The machine's first file system.
pub(crate) fn file_system(bench: &Bench, image: &Image, boot: &Boot) -> io::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for folder in ["bin", "board", "dev", "etc", "image", "modules", "proc", "sys", "tmp"] {
        archive.folder(folder)?;
    }
    archive.program("init", script(image, boot).as_bytes())?;
    archive.program("bin/busybox", &fs::read(bench.shell())?)?;
    archive.program("bin/supervisor", &fs::read(bench.supervisor())?)?;
    for (number, path) in modules(&bench.modules())?.iter().enumerate() {
        archive.file(&format!("modules/{number:02}.ko"), &fs::read(path)?)?;
    }
    archive.file("etc/hosts", hosts(&boot.hosts)?.as_bytes())?;
    let mut folders = Vec::new();
    for (name, path) in image.files()? {
        for folder in Path::new(&name).ancestors().skip(1).filter(|folder| *folder != Path::new("")) {
            folders.push(folder.to_string_lossy().into_owned());
        }
        folders.sort();
        folders.dedup();
        for folder in folders.drain(..) {
            archive.folder(&format!("image/{folder}"))?;
        }
        let contents = fs::read(path)?;
        if name == image.entry_point() {
            archive.program(&format!("image/{name}"), &contents)?;
        } else {
            archive.file(&format!("image/{name}"), &contents)?;
        }
    }
    archive.end()
}

fn hosts(hosts: &[Host]) -> io::Result<String> {
    let mut text = String::from("127.0.0.1 localhost\n");
    for (index, host) in hosts.iter().enumerate() {
        text.push_str(&format!("{} {}\n", address(hosts, index)?, host.name));
    }
    Ok(text)
}

/// The first program of the machine. The file system is read-only for the program, which is not root; the disk holds
/// the mutable file and, as ballast of root's, all the room that the manifest does not give it. The mutable file is
/// touched before it is looked at: the shell cannot see a file that was written after 2038.
fn script(image: &Image, boot: &Boot) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut environment = vec![
        ("BOARD_DIRECTORY".to_owned(), "/board".to_owned()),
        ("BOARD_IMAGE".to_owned(), "/image".to_owned()),
        ("BOARD_STORAGE_KIB".to_owned(), image.storage_kib().to_string()),
        ("BOARD_CLOCK".to_owned(), "kernel".to_owned()),
    ];
    environment.extend(boot.environment.iter().cloned());
    let environment: Vec<String> =
        environment.iter().map(|(name, value)| format!("export {name}={}", quoted(value))).collect();
    let arguments: Vec<String> =
        image.arguments().iter().chain(&boot.arguments).map(|argument| quoted(argument)).collect();
    format!(
        r#"#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc none /proc
$b mount -t sysfs none /sys
$b mount -t devtmpfs none /dev
$b mount -t cgroup2 none /sys/fs/cgroup
for module in /modules/*.ko; do $b insmod $module; done
$b ip link set lo up
$b ip link set eth0 up
$b ip address add {OWN_ADDRESS} dev eth0
$b ip route add default via {ROUTER}
$b ip link add void type dummy
$b ip link set void up
$b ip route add {DROPPED} dev void
until [ -b /dev/vda ]; do $b usleep 10000; done
$b mount -t ext4 /dev/vda /board || echo "board cannot mount its disk"
$b touch /board/mutable
$b chown 1000:1000 /board/mutable
$b chmod 600 /board/mutable
room=$($b stat -f -c %a /board)
taken=$(( $($b stat -c %b /board/mutable) / 8 ))
ballast=$(( room + taken - {storage_kib} / 4 ))
[ -e /board/ballast ] || $b fallocate -l $(( ballast * 4096 )) /board/ballast
$b sync
$b chmod 600 /board/ballast
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
$b mkdir /sys/fs/cgroup/app
{environment}
exec /bin/supervisor {MEMORY_BYTES_MAX} /image/{program} {arguments}
"#,
        storage_kib = image.storage_kib(),
        environment = environment.join("\n"),
        program = image.entry_point(),
        arguments = arguments.join(" "),
    )
}

/// The modules that are there, each after those that it depends on.
fn modules(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = BTreeMap::new();
    collect(folder, &mut all)?;
    let mut order = Vec::new();
    for name in MODULES {
        push(name, &all, &mut order)?;
    }
    Ok(order)
}

fn collect(folder: &Path, all: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, all)?;
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".ko")) {
            all.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

/// A module that is not there is part of the kernel itself.
fn push(name: &str, all: &BTreeMap<String, PathBuf>, order: &mut Vec<PathBuf>) -> io::Result<()> {
    let Some(path) = all.get(&name.replace('-', "_")) else { return Ok(()) };
    if order.contains(path) {
        return Ok(());
    }
    for dependency in dependencies(&fs::read(path)?) {
        push(&dependency, all, order)?;
    }
    order.push(path.clone());
    Ok(())
}

/// What a module says that it depends on.
fn dependencies(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let value =
        module.iter().skip(at + KEY.len()).take_while(|byte| **byte != 0).copied().collect::<Vec<u8>>();
    let value = String::from_utf8_lossy(&value).into_owned();
    value.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_names_what_it_depends_on() {
        assert_eq!(dependencies(b"x\0depends=jbd2,mbcache\0name=ext4\0"), ["jbd2", "mbcache"]);
        assert!(dependencies(b"x\0depends=\0").is_empty());
    }

    #[test]
    fn each_kind_of_host_has_an_address_of_its_kind() {
        let host = |reach| Host { name: "a.example".to_owned(), port: 443, reach };
        let served = Reach::Served("127.0.0.1:9".parse().unwrap());
        let list = [host(Reach::Dropped), host(served), host(Reach::Refused)];
        let text = hosts(&list).unwrap();
        assert!(text.contains("198.51.100.1 a.example\n10.0.2.101 a.example\n192.0.2.1 a.example"), "{text}");
    }
}
