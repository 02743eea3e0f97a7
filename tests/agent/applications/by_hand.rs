//! `device-agent applications`: what is declared, and a hook tried by hand.

use super::*;

fn lab() -> Lab {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", HOOK);
    let restart = script(&lab, "restart", &format!("{HOOK}exit 4"));
    lab.configure(&application("web", &format!("reload = {hook}\non-removal = {restart}")));
    lab.configure(&application("mail", &format!("reload = {hook}")));
    lab
}

#[test]
fn before_the_exports_stand_nobody_is_told_by_hand_either() {
    let lab = lab();
    let refused = agent(&lab, &["applications", "--run", "web", "--json"]);
    assert_eq!(refused.status.code(), Some(5));
    let error: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!(error["code"], "export_outdated", "{error}");
    assert!(take_log(&lab).is_empty());
}

#[test]
fn a_hook_is_shown_and_run_by_hand_and_what_became_of_it_is_kept() {
    let lab = lab();
    agent(&lab, &["export"]);
    let planned =
        json(&agent(&lab, &["applications", "--run", "web", "--removal", "--dry-run", "--json"]), 1);
    assert_eq!(planned["schema"], "device-agent.applications.1");
    let ran = &planned["ran"][0];
    assert_eq!(
        (&ran["application"], &ran["change"], &ran["reconnect"]),
        (&"web".into(), &"removed".into(), &true.into())
    );
    assert!(take_log(&lab).is_empty(), "a dry run runs nothing");
    let words = agent(&lab, &["applications", "--run-all"]);
    let log = take_log(&lab);
    assert_eq!(log, ["mail 1 unknown 1 1", "web 1 unknown 1 1"]);
    assert_eq!(words.status.code(), Some(1), "the restart ends with 4");
    let words = String::from_utf8(words.stdout).unwrap();
    assert!(words.contains("web: its hook failed (status 4)"), "{words}");
    assert!(words.contains("mail: was told, release 1"), "{words}");
    json(&agent(&lab, &["applications", "--run", "mail", "--json"]), 1);
    assert_eq!(take_log(&lab), ["mail 1 added 0 1"], "nothing is new: it is rehearsed");
    let listed = json(&agent(&lab, &["applications", "--json"]), 1);
    assert_eq!(listed["applications"][0]["application"], "mail");
    assert!(take_log(&lab).is_empty(), "a list runs nothing");
}

#[test]
fn what_is_not_declared_cannot_be_run_and_in_observe_mode_nothing_can() {
    let mut lab = lab();
    for (arguments, message) in [
        (["applications", "--run", "/bin/sh"].as_slice(), "it has: mail, web"),
        (&["applications", "--removal"], "need --run NAME or --run-all"),
    ] {
        let refused = agent(&lab, arguments);
        assert_eq!(refused.status.code(), Some(2));
        let words = String::from_utf8(refused.stderr).unwrap();
        assert!(words.contains(message), "{words}");
    }
    lab.reconfigure(&application("web", "reload = { exec = [\"/bin/true\"] }"));
    lab.settings();
    let config = lab.path("agent.toml");
    let text = fs::read_to_string(&config)
        .unwrap()
        .replace("name = \"prod\"", "name = \"prod\"\nmode = \"observe\"");
    write(&config, &text);
    let refused = crate::command_line::program(&config, &["applications", "--run", "web"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}
