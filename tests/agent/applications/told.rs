//! Who is told of what, and when.

use super::*;

fn told(lab: &Lab, code: i32) -> Vec<String> {
    cycle(lab, code);
    take_log(lab)
}

#[test]
fn an_application_is_told_once_of_each_change_when_the_exports_show_it() {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", HOOK);
    lab.configure(&application("web", &format!("reload = {hook}")));
    assert_eq!(told(&lab, 0), ["web 1 unknown 1 1"], "nobody knows what it read before");
    assert!(told(&lab, 0).is_empty(), "nothing is new");
    lab.publish(&[Root::Old, Root::New]);
    assert_eq!(told(&lab, 0), ["web 2 added 0 2"]);
    assert!(told(&lab, 0).is_empty());
    rotate(&mut lab);
    assert_eq!(told(&lab, 0), ["web 3 removed 1 1"]);
    let status = status(&lab, 0);
    let web = standing(&status, "web");
    assert_eq!(
        (&web["outcome"], &web["release"], &web["change"]),
        (&"told".into(), &"3".into(), &"removed".into())
    );
    assert_eq!((&web["is_well"], &web["attempts"]), (&true.into(), &0.into()));
}

#[test]
fn invariant_13_of_what_was_fetched_nothing_but_numbers_reaches_a_hook() {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", "env >> \"$1\"; echo \"arguments=$#\" >> \"$1\"");
    lab.configure(&application("web", &format!("reload = {hook}")));
    let mut command = command(&lab, &["run", "--once"]);
    assert!(
        command.env("LD_PRELOAD_NOT", "kept").env("PATH", "/usr/bin:/bin").output().unwrap().status.success()
    );
    let exports = lab.path("trust").display().to_string();
    let expected = [
        ("DEVICE_AGENT_APPLICATION", "web"),
        ("DEVICE_AGENT_CHANGE", "unknown"),
        ("DEVICE_AGENT_EXPORTS", &exports),
        ("DEVICE_AGENT_GENERATION", "0"),
        ("DEVICE_AGENT_RECONNECT", "1"),
        ("DEVICE_AGENT_RELEASE", "1"),
        ("PATH", "/usr/bin:/bin"),
        ("PWD", "/"),
        ("arguments", "1"),
    ];
    let of_the_shell = |line: &String| line.starts_with("_=") || line.starts_with("SHLVL=");
    let lines: Vec<String> = take_log(&lab).into_iter().filter(|line| !of_the_shell(line)).collect();
    assert_eq!(lines, expected.map(|(name, value)| format!("{name}={value}")));
}

#[test]
fn a_removal_is_told_by_its_own_hook_where_there_is_one() {
    let mut lab = Lab::new();
    let (reload, restart) =
        (script(&lab, "reload", HOOK), script(&lab, "restart", &format!("{HOOK}echo restart >> \"$1\"")));
    lab.configure(&application("web", &format!("reload = {reload}\non-removal = {restart}")));
    told(&lab, 0);
    lab.publish(&[Root::Old, Root::New]);
    assert_eq!(told(&lab, 0), ["web 2 added 0 2"]);
    rotate(&mut lab);
    assert_eq!(told(&lab, 0), ["restart", "web 3 removed 1 1"]);
}

#[test]
fn nobody_is_told_of_what_its_services_do_not_hold() {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", HOOK);
    lab.configure(&application("hub-client", &format!("services = [\"hub\"]\nreload = {hook}")));
    lab.configure(&application("stranger", &format!("services = [\"storage\"]\nreload = {hook}")));
    told(&lab, 0);
    lab.publish(&[Root::Old, Root::New]);
    assert_eq!(told(&lab, 0), ["hub-client 2 added 0 2"]);
    let status = status(&lab, 1);
    assert_eq!(findings(&status), ["application_service_unknown"]);
}

#[test]
fn a_refused_release_tells_nobody_and_observing_neither() {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", HOOK);
    lab.configure(&application("web", &format!("reload = {hook}")));
    told(&lab, 0);
    lab.publish(&[Root::New]);
    assert!(told(&lab, 1).is_empty(), "it would lose the service");
    lab.publish(&[Root::Old, Root::New]);
    assert_eq!(agent(&lab, &["run", "--once", "--mode", "observe"]).status.code(), Some(0));
    assert!(take_log(&lab).is_empty());
}

#[test]
fn exports_that_cannot_be_made_are_told_to_nobody() {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", HOOK);
    lab.configure(&application("web", &format!("reload = {hook}")));
    write(&lab.path("trust"), "somebody else's file");
    assert!(told(&lab, 5).is_empty());
    fs::remove_file(lab.path("trust")).unwrap();
    assert_eq!(told(&lab, 0), ["web 1 unknown 1 1"]);
}

#[test]
fn an_application_without_a_hook_is_said_to_trust_what_it_read() {
    let mut lab = Lab::new();
    lab.configure(&application("old", ""));
    lab.configure(&application("openssl", "follows = \"additions\""));
    lab.configure(&application("linked", "follows = \"everything\""));
    cycle(&lab, 0);
    lab.publish(&[Root::Old, Root::New]);
    cycle(&lab, 1);
    let added = status(&lab, 1);
    assert_eq!(findings(&added), ["application_not_told"]);
    assert_eq!(standing(&added, "old")["lacks"][0]["subject"], "Synthetic Global Root G2");
    rotate(&mut lab);
    cycle(&lab, 1);
    let removed = status(&lab, 1);
    assert_eq!(findings(&removed), ["application_still_trusts"; 2]);
    for name in ["old", "openssl"] {
        let subject = standing(&removed, name);
        assert_eq!(
            (&subject["outcome"], &subject["still_trusts"][0]["subject"]),
            (&"no_hook".into(), &"Synthetic CyberTrust Root".into())
        );
    }
    assert_eq!(standing(&removed, "linked")["is_well"], true);
    let words = String::from_utf8(agent(&lab, &["status"]).stdout).unwrap();
    assert!(
        words.contains(
            "openssl: no hook is declared by which it could be told; it may still trust Synthetic CyberTrust Root (sha256"
        ),
        "{words}"
    );
}
