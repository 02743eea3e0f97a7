//! What verifying one update costs a device: heap, bytes fetched, and (under callgrind) instructions.
//!
//! `verify_cost prepare FOLDER` makes the sample; `verify_cost verify FOLDER` reads and verifies it, `verify_cost
//! noop FOLDER` only reads it: the difference of the two runs' instructions is the cost of verifying. All three
//! print one line of JSON.

#![expect(clippy::expect_used, reason = "a sample that cannot be made or read stops the measurement")]

#[path = "../../tests/format/five_roots.rs"]
mod five_roots;
#[path = "../../tests/format/fixture.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod fixture;

use std::{env, fs, path::Path, process::ExitCode};

use bundle::Keyring;
use five_roots::FiveRoots;

/// Names of the sample's files.
const FILES: [&str; 5] = ["keyring", "base", "head", "update", "blobs"];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [command, folder] if command == "prepare" => prepare(Path::new(folder)),
        [command, folder] if command == "verify" => measure(Path::new(folder), true),
        [command, folder] if command == "noop" => measure(Path::new(folder), false),
        _ => {
            say("usage: verify_cost prepare|verify|noop FOLDER");
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a sample in a temporary folder: nothing is lost by a crash")]
fn prepare(folder: &Path) -> ExitCode {
    let sample = FiveRoots::new();
    let contents = [&sample.keyring, &sample.base, &sample.head, &sample.update, &sample.blobs];
    for (name, content) in FILES.iter().zip(contents) {
        fs::write(folder.join(name), content).expect("the folder is writable");
    }
    let (head, update, certificate) = (sample.head.len(), sample.update.len(), sample.certificate_bytes);
    say(&format!("{{\"head_bytes\":{head},\"update_bytes\":{update},\"certificate_bytes\":{certificate}}}"));
    ExitCode::SUCCESS
}

fn measure(folder: &Path, verify: bool) -> ExitCode {
    let read = |index: usize| fs::read(folder.join(FILES[index])).expect("the sample was prepared");
    let sample = FiveRoots {
        keyring: read(0),
        base: read(1),
        head: read(2),
        update: read(3),
        blobs: read(4),
        certificate_bytes: 0,
    };
    let kept = sample.keyring_as_kept();
    let keyring = Keyring::restored(&kept).expect("a keyring that was accepted before");
    let mut body = vec![0; 4_096];
    let mut accepted = false;
    let heap = allocation_counter::measure(|| {
        accepted = !verify || sample.verify_under(&keyring, &mut body).is_ok();
    });
    say(&format!("{{\"accepted\":{accepted},\"heap_bytes\":{}}}", heap.bytes_total));
    if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the one place where this command speaks")]
fn say(text: &str) {
    println!("{text}");
}
