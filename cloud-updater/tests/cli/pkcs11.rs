//! Keys on a PKCS#11 token that `sign` uses directly, against SoftHSM: each thing that can be wrong has its name.

use std::os::unix::fs::PermissionsExt as _;

use crate::kit::{Said, World, write};
use crate::runbook::play;
use crate::token::with_token;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const DRAFT: &str = "channels/staging/drafts/3.draft";
/// `CKF_USER_PIN_FINAL_TRY` and `CKF_USER_PIN_LOCKED` (PKCS#11 2.40 §3.2).
const FINAL_TRY: u64 = 0x2_0000;
const LOCKED: u64 = 0x4_0000;

/// A fleet in which the key `vault` is on a token and may sign releases, with a draft that waits.
fn ready() -> World {
    let world = with_token();
    set_pin(&world, "4711");
    play(&world, "A signer's key is on a token, without a program between");
    world.good("draft --channel staging --reissue --reason 'a test'");
    world
}

fn set_pin(world: &World, pin: &str) {
    write(&world.path("pin"), &format!("{pin}\n"));
    std::fs::set_permissions(world.path("pin"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn sign(world: &World) -> Said {
    world.updater(&["sign", "--json", "--yes", "--key", "vault", "--pin-file", "../pin", DRAFT])
}

/// Signing fails with this code, nothing is written, and the PIN is no part of what is said.
#[track_caller]
fn refused(world: &World, exit: i32, code: &str) {
    let said = sign(world);
    assert_eq!(said.code, exit, "{said:?}");
    assert!(said.err.contains(&format!("\"code\":\"{code}\"")), "{code}: {said:?}");
    assert!(!said.err.contains("4711") && !said.out.contains("4711"), "{said:?}");
    assert_eq!(world.shell("ls channels/staging/drafts").out, "3.draft\n");
}

/// Edits what the signer noted about the token.
fn place(world: &World, from: &str, to: &str) {
    let path = world.path("configuration/cloud-updater/keys/vault.token");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    write(&path, &text.replace(from, to));
}

fn tool(world: &World, arguments: &str) -> Said {
    let line = format!("PIN=$(cat ../pin) pkcs11-tool --module {MODULE} --login --pin env:PIN {arguments}");
    let said = world.shell(&line);
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// Sets a flag that SoftHSM itself never sets, in the file where it keeps the token's flags.
fn set_flag(world: &World, flag: u64) {
    // CKA_OS_TOKENFLAGS and the kind of its value, as SoftHSM writes them: 8 bytes each, the greatest first.
    let head: Vec<u8> = [0x8000_534b_u64.to_be_bytes(), 2_u64.to_be_bytes()].concat();
    let mut patched = 0;
    for folder in std::fs::read_dir(world.path("tokens")).unwrap() {
        let path = folder.unwrap().path().join("token.object");
        let mut bytes = std::fs::read(&path).unwrap();
        let Some(at) = bytes.windows(16).position(|window| window == head) else { continue };
        let value = u64::from_be_bytes(bytes[at + 16..at + 24].try_into().unwrap());
        bytes[at + 16..at + 24].copy_from_slice(&(value | flag).to_be_bytes());
        crate::kit::write_bytes(&path, &bytes);
        patched += 1;
    }
    assert_eq!(patched, 1, "one token has flags");
}

#[test]
fn a_token_signs_several_documents_with_one_pin() {
    let world = ready();
    world.good("anchor add new-root.pem --name new-root --service iot-hub --reason 'a risk'");
    world.good("draft --channel staging --with-rollback --reason 'two documents'");
    let said = world.shell(
        "cloud-updater sign --yes --key vault --pin-file ../pin channels/staging/drafts/3.draft channels/staging/drafts/4.draft",
    );
    assert_eq!(said.code, 0, "{said:?}");
    for draft in [3, 4] {
        world.sign(&format!("channels/staging/drafts/{draft}.draft"), &["bob"]);
    }
    world.good("publish --head-key head");
    world.good("verify public");
}

#[test]
fn a_wrong_pin_is_tried_once_and_not_again_from_the_same_file() {
    let world = ready();
    set_pin(&world, "0000");
    refused(&world, 4, "token_pin_wrong");
    // The token remembers. Whatever the file holds now, nobody looked at it since.
    refused(&world, 4, "token_pin_count_low");
    set_pin(&world, "4711");
    refused(&world, 4, "token_pin_count_low");
    tool(&world, "--token-label vault --list-objects");
    assert_eq!(sign(&world).code, 0, "a person logged in, and the count is fresh");
}

#[test]
fn only_a_pin_that_is_in_a_file_is_held_back_after_a_wrong_one() {
    let world = ready();
    set_pin(&world, "0000");
    refused(&world, 4, "token_pin_wrong");
    let sign = || {
        let line = "CREDENTIALS_DIRECTORY=$PWD/../credentials cloud-updater sign --json --yes --key vault";
        world.shell(&format!("{line} {DRAFT} </dev/null"))
    };
    // There are credentials, and none is this token's PIN: a person is asked, who is not here.
    write(&world.path("credentials/head.passphrase"), "something");
    let said = sign();
    assert!(said.code == 2 && said.err.contains("no_terminal"), "{said:?}");
    write(&world.path("credentials/vault.pin"), "4711");
    let said = sign();
    assert!(said.code == 4 && said.err.contains("token_pin_count_low"), "{said:?}");
}

#[test]
fn heads_are_not_signed_with_a_key_on_a_token_and_the_error_says_so() {
    let world = ready();
    for key in ["vault", "../configuration/cloud-updater/keys/vault.key"] {
        let said = world.updater(&["head", "sign", "--channel", "staging", "--json", "--head-key", key]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("\"head_key_on_token\""), "{said:?}");
        assert!(said.err.contains("heads are signed with key files in this version"), "{said:?}");
    }
}

#[test]
fn a_token_that_is_locked_or_would_lock_is_not_asked() {
    for (flag, code) in [(FINAL_TRY, "token_final_try"), (LOCKED, "token_locked")] {
        let world = ready();
        set_flag(&world, flag);
        refused(&world, 4, code);
        // Not even with the wrong PIN: nothing was tried.
        set_pin(&world, "0000");
        refused(&world, 4, code);
    }
}

#[test]
fn a_token_that_is_absent_or_there_twice_is_named() {
    let world = ready();
    place(&world, "\"vault\"\nlabel", "\"vaults\"\nlabel");
    refused(&world, 2, "token_absent");
    assert!(sign(&world).err.contains("vault (serial "), "what is there is said");
    place(&world, "\"vaults\"\nlabel", "\"vault\"\nlabel");
    let said = world.shell("softhsm2-util --init-token --free --label vault --pin 1234 --so-pin 123456");
    assert_eq!(said.code, 0, "{said:?}");
    refused(&world, 2, "token_ambiguous");
    let serial = sign(&world).err;
    let serials: Vec<&str> =
        serial.split("(serial ").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert_eq!(serials.len(), 2);
    let good = serials.iter().filter(|serial| {
        place(&world, "token = \"vault\"\n", &format!("token = \"vault\"\nserial = \"{serial}\"\n"));
        let said = world.updater(&["key", "list"]);
        let signed = sign(&world).code == 0;
        place(&world, &format!("serial = \"{serial}\"\n"), "");
        said.code == 0 && signed
    });
    assert_eq!(good.count(), 1, "the serial tells them apart");
}

#[test]
fn a_module_that_cannot_be_loaded_is_named() {
    let world = ready();
    let libc = world.shell("ldd $(command -v ls) | sed -n 's/.*=> \\(.*libc.so[^ ]*\\) .*/\\1/p'").out;
    let mut before = MODULE.to_owned();
    for module in ["/nowhere.so", "/etc/passwd", libc.trim()] {
        assert!(module.starts_with('/'));
        place(&world, &format!("\"{before}\""), &format!("\"{module}\""));
        refused(&world, 2, "token_module");
        before = module.to_owned();
    }
    place(&world, &format!("\"{before}\""), "\"libsofthsm2.so\"");
    refused(&world, 2, "token_place");
}

#[test]
fn a_token_without_eddsa_is_refused_before_its_pin_is_asked() {
    let world = ready();
    set_pin(&world, "0000");
    let path = world.path("softhsm2.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    write(&path, &format!("{text}slots.mechanisms = CKM_ECDSA,CKM_SHA256\n"));
    refused(&world, 2, "token_mechanism");
    write(&path, &text);
    set_pin(&world, "4711");
    assert_eq!(sign(&world).code, 0, "the wrong PIN was never tried");
}

#[test]
fn a_key_that_is_not_there_twice_there_or_of_another_kind_is_named() {
    let world = ready();
    place(&world, "label = \"vault\"", "label = \"nobody\"");
    refused(&world, 2, "token_key_missing");
    tool(&world, "--token-label vault --keypairgen --key-type EC:prime256v1 --id 02 --label curve");
    place(&world, "label = \"nobody\"", "label = \"curve\"");
    refused(&world, 2, "token_key_type");
    let said = world.updater(&["key", "token", "curve", "--module", MODULE, "--token", "vault"]);
    assert_eq!(said.code, 2, "{said:?}");
    tool(&world, "--token-label vault --keypairgen --key-type EC:edwards25519 --id 03 --label vault");
    place(&world, "label = \"curve\"", "label = \"vault\"");
    refused(&world, 2, "token_key_ambiguous");
    // Another key of the token under the name of this one: what it signs is no signature of vault's.
    place(&world, "label = \"vault\"", "id = \"03\"");
    refused(&world, 4, "signature_wrong");
    place(&world, "id = \"03\"", "id = \"01\"");
    assert_eq!(sign(&world).code, 0);
}

#[test]
fn a_pin_comes_from_a_file_that_nobody_else_reads_and_never_from_the_command_line() {
    let world = ready();
    std::fs::set_permissions(world.path("pin"), std::fs::Permissions::from_mode(0o640)).unwrap();
    refused(&world, 3, "passphrase_readable");
    let said = world.updater(&["sign", "--json", "--yes", "--key", "vault", DRAFT]);
    assert!(said.code == 2 && said.err.contains("no_terminal"), "without a file a person is asked: {said:?}");
    assert!(said.err.contains("a PIN is needed") && said.err.contains("--pin-file FILE"), "{said:?}");
    assert!(!said.err.contains("passphrase"), "{said:?}");
    set_pin(&world, "");
    let said = sign(&world);
    assert!(said.code == 3 && said.err.contains("it must hold the PIN"), "{said:?}");
    assert_eq!(world.updater(&["sign", "--pin", "4711", DRAFT]).code, 2, "there is no such flag");
}

#[test]
fn every_code_of_the_token_is_in_the_ceremony_and_none_besides() {
    let codes = |text: &str, quote: char| -> std::collections::BTreeSet<String> {
        let words = text.split(quote).map(str::to_owned);
        words
            .filter(|word| {
                word.strip_prefix("token_")
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
            })
            .collect()
    };
    let (program, _) = include_str!("../../src/key/token.rs").split_once("#[cfg(test)]").unwrap();
    let (in_program, told) = (codes(program, '"'), codes(include_str!("../../CEREMONY.md"), '`'));
    assert!(in_program.len() > 10);
    assert_eq!(in_program, told);
}
