//! Export folders that are full, read-only, on another file system or somebody else's: what is there stays whole, what is
//! wrong is said, and once it is mended the next check ends the work.

use std::{fmt::Write as _, process::Command};

use system_tests::{
    gateway::Gateway,
    process::{program, run},
};

use crate::scene::{Scene, TODAY};

/// Runs a script where the exports' folder is a file system of its own, of 512 KiB; `$T` is the folder, `agent` the program.
///
/// The namespace ends with the script, and so does what was mounted.
fn in_a_small_file_system(device: &Gateway, script: &str) -> String {
    let mut text = String::from("set -eu\n");
    let agent = program("device-agent").unwrap();
    writeln!(text, "T='{}'", device.path("trust").display()).unwrap();
    writeln!(
        text,
        "agent() {{ '{}' --config '{}' --as-of {} \"$@\" 2>&1 && echo \"exit 0\" || echo \"exit $?\"; }}",
        agent.display(),
        device.path("agent.toml").display(),
        TODAY.unwrap()
    )
    .unwrap();
    text.push_str(
        "release() { head -n 1 \"$T/whole.pem\" | sed 's/.*\\(release [0-9]*\\).*/shown: \\1/'; }\n",
    );
    text.push_str("mkdir -p \"$T\"; mount -t tmpfs -o size=512k,mode=0755 none \"$T\"\n");
    text.push_str(script);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &text]);
    run(&mut command, "").unwrap().success().unwrap()
}

/// What was said after the line `mark`, up to the next one that begins with `== `.
fn after<'t>(said: &'t str, mark: &str) -> &'t str {
    let rest = said.split(&format!("== {mark}\n")).nth(1).unwrap_or_default();
    rest.split("== ").next().unwrap_or_default()
}

fn check(said: &str, mark: &str, parts: &[&str]) {
    let part_of = after(said, mark);
    for part in parts {
        assert!(part_of.contains(part), "{mark}: no {part:?} in\n{said}");
    }
}

/// A device with release 1 in its store, and release 2 to be fetched.
fn device(scene: &mut Scene, url: &str) -> Gateway {
    let device = scene.device(url, "");
    device.check(TODAY).unwrap().success().unwrap();
    scene.publish_both();
    device
}

#[test]
fn a_folder_that_is_full_shows_the_release_before_until_there_is_room() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = device(&mut scene, &web.url("127.0.0.1"));
    let said = in_a_small_file_system(
        &device,
        "echo '== first'; agent export; release\n\
         dd if=/dev/zero of=\"$T/filler\" bs=1k 2>/dev/null || true\n\
         echo '== full'; agent run --once; release; agent status; ls -A \"$T\"\n\
         rm \"$T/filler\"\n\
         echo '== room'; agent run --once; release; agent status\n",
    );
    check(&said, "first", &["shows release 1", "exit 0", "shown: release 1"]);
    check(&said, "full", &["No space left", "exit 5", "shown: release 1", "does not show what is installed"]);
    assert!(!after(&said, "full").contains("..temporary-"), "{said}");
    check(&said, "room", &["exit 0", "shown: release 2", "shows release 2"]);
}

#[test]
fn a_folder_that_cannot_be_written_shows_the_release_before_until_it_can() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = device(&mut scene, &web.url("127.0.0.1"));
    let said = in_a_small_file_system(
        &device,
        "echo '== first'; agent export; release\n\
         mount -o remount,ro \"$T\"\n\
         echo '== read-only'; agent run --once; release; agent status\n\
         echo '== by hand'; agent export\n\
         mount -o remount,rw \"$T\"\n\
         echo '== writable'; agent run --once; release; agent status\n",
    );
    check(&said, "first", &["shows release 1", "exit 0", "is kept in memory"]);
    let parts = ["Read-only file system", "exit 5", "shown: release 1", "does not show what is installed"];
    check(&said, "read-only", &parts);
    check(&said, "by hand", &["Read-only file system", "exit 5"]);
    check(&said, "writable", &["exit 0", "shown: release 2", "shows release 2"]);
}

#[test]
fn a_folder_with_somebody_elses_files_loses_none_and_gives_every_other_name() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = device(&mut scene, &web.url("127.0.0.1"));
    let said = in_a_small_file_system(
        &device,
        "echo mine >\"$T/whole.pem\"; mkdir \"$T/hashed\"; echo mine >\"$T/hashed/1.0\"; echo mine >\"$T/..release-9\"\n\
         echo '== first'; agent run --once; agent export; agent status\n\
         cat \"$T/whole.pem\" \"$T/hashed/1.0\" \"$T/..release-9\"\n\
         echo '== others'; head -n 1 \"$T/services/iot-hub.pem\"; ls \"$T/truststore.p12\"\n\
         rm -r \"$T/whole.pem\" \"$T/hashed\"\n\
         echo '== mended'; agent run --once; release; ls \"$T/hashed\"\n",
    );
    let parts =
        ["/whole.pem belongs to somebody else", "/hashed belongs to somebody else", "mine\nmine\nmine\n"];
    check(&said, "first", &parts);
    check(&said, "others", &["release 2", "truststore.p12"]);
    check(&said, "mended", &["exit 0", "shown: release 2", ".0"]);
}
