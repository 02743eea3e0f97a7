//! Keys that are on tokens: a program of the signer's own signs, once, and what it answers is checked.

use std::os::unix::fs::PermissionsExt as _;

use crate::kit::{World, write};
use crate::runbook::{fleet, play};

/// A world with an initialised token, which has no key yet.
pub(crate) fn with_token() -> World {
    let world = fleet();
    let tokens = world.path("tokens");
    std::fs::create_dir_all(&tokens).unwrap();
    write(
        &world.path("softhsm2.conf"),
        &format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()),
    );
    write(&world.path("pin"), "4711\n");
    let line = "softhsm2-util --init-token --free --label vault --pin \"$(cat ../pin)\" --so-pin 123456";
    let said = world.shell(line);
    assert_eq!(said.code, 0, "{said:?}");
    world
}

/// Makes a program out of a script.
fn program(world: &World, script: &str) -> String {
    let path = world.path("program.sh");
    write(&path, &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.display().to_string()
}

#[test]
fn a_token_takes_a_signers_place_and_signs_what_devices_accept() {
    let world = with_token();
    play(&world, "A signer's key is on a token");
    let said = world.good("explain old-root");
    assert!(said.contains("release 1 of staging"), "{said}");
    // With a wrong PIN nothing is signed, and the token is asked once.
    write(&world.path("pin"), "0000\n");
    let count = "echo asked >> ../asked; exec ../token.sh";
    let program = program(&world, count);
    world.good("draft --channel staging --reissue --reason 'with a wrong PIN'");
    let said = world.updater(&[
        "sign",
        "--yes",
        "--key",
        "vault",
        "--command",
        &program,
        "channels/staging/drafts/3.draft",
    ]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(
        said.err.contains("failed: exit status") && said.err.contains("it is not tried again"),
        "{said:?}"
    );
    assert!(!said.err.contains("0000"), "a PIN is no part of what is said: {said:?}");
    assert_eq!(world.shell("cat ../asked").out, "asked\n");
    assert_eq!(world.shell("ls channels/staging/drafts/").out, "3.draft\n");
}

#[test]
fn a_program_that_signs_nothing_leaves_nothing() {
    let world = fleet();
    world.good("draft --channel staging --reissue --reason 'a test'");
    let draft = "channels/staging/drafts/2.draft";
    let cases = [
        ("exit 3", 4, "signing_command", "failed: exit status: 3"),
        ("cat > /dev/null", 4, "signing_command", "answered 0 bytes"),
        ("exit 0", 4, "signing_command", "answered 0 bytes"),
        ("cat > /dev/null; head -c 64 /dev/zero", 4, "signature_wrong", "does not verify"),
        ("yes", 4, "signing_command", "failed: exit status: 141"),
        ("kill -9 $$", 4, "signing_command", "failed: signal"),
    ];
    for (script, code, name, words) in cases {
        let program = program(&world, script);
        let said =
            world.updater(&["sign", "--json", "--yes", "--key", "alice", "--command", &program, draft]);
        assert_eq!(said.code, code, "{script}: {said:?}");
        assert!(
            said.err.contains(&format!("\"code\":\"{name}\"")) && said.err.contains(words),
            "{script}: {said:?}"
        );
        assert_eq!(world.shell("ls channels/staging/drafts/").out, "2.draft\n", "{script}");
    }
    let said = world.updater(&["sign", "--yes", "--key", "alice", "--command", "/nowhere", draft]);
    assert_eq!(said.code, 2, "{said:?}");
    // Whose key may not sign is not even asked.
    let asking = program(&world, "touch ../asked");
    let said = world.updater(&["sign", "--yes", "--key", "head", "--command", &asking, draft]);
    assert_eq!((said.code, world.path("asked").exists()), (4, false), "{said:?}");
}

#[test]
fn a_key_in_pem_is_taken_over_once_and_only_if_it_is_ed25519() {
    let world = fleet();
    world
        .shell("openssl genpkey -algorithm ed25519 -out ../k && openssl pkey -in ../k -pubout -out ../k.pem");
    world.shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout -out ../p256.pem");
    let answer = world.json(0, &["key", "import", "vault", "../k.pem"]);
    assert!(answer["public_key"].as_str().unwrap().starts_with("trust-bundle-key ed25519 "), "{answer}");
    for (arguments, code) in [
        ("vault ../k.pem", 3),
        ("other ../p256.pem", 3),
        ("other ../k", 3),
        ("other ../none", 2),
        ("../x ../k.pem", 2),
    ] {
        let said = world.shell(&format!("cloud-updater key import {arguments}"));
        assert_eq!(said.code, code, "{arguments}: {said:?}");
    }
}
