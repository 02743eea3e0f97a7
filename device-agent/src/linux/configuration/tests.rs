//! What `agent.toml` means, and how every mistake in it is named.

mod applications;

use std::path::Path;

use super::*;
use crate::Mode;

const SMALLEST: &str = "
[device]
id = \"gateway-7\"
[channel]
name = \"prod\"
urls = [\"https://a.example/trust\", \"http://b.example\"]
";

fn parse(extra: &str) -> Result<Settings, crate::linux::error::Error> {
    Settings::parse(&format!("{SMALLEST}{extra}"), Path::new("/etc/device-agent/agent.toml"))
}

fn check(text: &str, expect: &str) {
    let error = Settings::parse(text, Path::new("agent.toml")).unwrap_err();
    assert!(error.to_string().starts_with(expect), "{error}");
    assert_eq!(error.exit().number(), 2);
}

#[test]
fn the_smallest_file_has_a_default_for_everything() {
    let settings = parse("").unwrap();
    assert_eq!(settings.mode, Mode::Install);
    assert_eq!(settings.signed_only_transport, SignedOnlyTransport::Allow);
    assert_eq!(settings.store.path, Path::new("/var/lib/device-agent/store"));
    assert_eq!(settings.key_path, Path::new("/var/lib/device-agent/device.key"));
    assert_eq!(settings.store.length, trust_store::DEFAULT_REGION_BYTES);
    assert!(settings.export.is_none() && settings.report.is_none());
}

#[test]
fn the_tree_is_below_the_urls() {
    let settings = parse("").unwrap();
    let paths: Vec<String> = settings.urls.iter().map(|url| url.join("prod/head").to_string()).collect();
    assert_eq!(paths, ["https://a.example/trust/prod/head", "http://b.example/prod/head"]);
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let settings = parse("[store]\npath = \"store\"\n[image]\nseed = \"../seed\"").unwrap();
    assert_eq!(settings.store.path, Path::new("/etc/device-agent/store"));
    assert_eq!(settings.seed_path.as_deref(), Some(Path::new("/etc/device-agent/../seed")));
}

#[test]
fn endpoints_are_sent_where_the_table_says() {
    let settings =
        parse("[resolve]\n\"Hub.example:8883\" = \"127.0.0.1:9000\"\n\"a.example\" = \"[::1]:1\"").unwrap();
    assert_eq!(settings.resolve.find("hub.EXAMPLE", 8883), Some("127.0.0.1:9000".parse().unwrap()));
    assert_eq!(settings.resolve.find("hub.example", 443), None);
    assert_eq!(settings.resolve.find("a.example", 443), Some("[::1]:1".parse().unwrap()));
}

#[test]
fn a_report_over_plain_http_stays_on_this_machine_and_is_allowed_by_name() {
    let report =
        |url: &str, plain: bool| parse(&format!("[report]\nurl = \"{url}\"\nplain-on-loopback = {plain}"));
    assert!(report("https://reports.example/report", false).unwrap().report.unwrap().is_tls());
    assert!(report("http://127.0.0.1:80/report", true).is_ok());
    for (url, plain) in [
        ("http://127.0.0.1:80/report", false),
        ("http://reports.example/report", true),
        ("http://localhost/report", true),
    ] {
        let error = report(url, plain).unwrap_err().to_string();
        assert!(
            error.starts_with("/etc/device-agent/agent.toml: report.url: reports name the device"),
            "{error}"
        );
    }
}

#[test]
fn key_and_notes_stand_beside_a_store_that_is_somewhere_else() {
    let places = |extra: &str| {
        let settings = parse(extra).unwrap();
        (settings.key_path.display().to_string(), settings.runtime_folder.display().to_string())
    };
    let usual = ("/var/lib/device-agent/device.key".to_owned(), "/run/device-agent".to_owned());
    assert_eq!(places(""), usual);
    assert_eq!(places("[store]\noffset = 8192"), usual);
    assert_eq!(places("[store]\npath = \"/dev/mmcblk0p5\""), usual, "a device file's folder is volatile");
    let beside = ("/srv/two/device.key".to_owned(), "/srv/two/run".to_owned());
    assert_eq!(places("[store]\npath = \"/srv/two/store\""), beside);
    let written = SMALLEST.replace("[device]", "[device]\nkey = \"/a/key\"\nruntime = \"/a/run\"");
    let written = format!("{written}[store]\npath = \"/srv/two/store\"");
    let settings = Settings::parse(&written, Path::new("agent.toml")).unwrap();
    assert_eq!(
        (settings.key_path.as_path(), settings.runtime_folder.as_path()),
        (Path::new("/a/key"), Path::new("/a/run"))
    );
}

#[test]
fn a_report_url_without_a_path_means_the_path_of_reports() {
    let url =
        |url: &str| parse(&format!("[report]\nurl = \"{url}\"")).unwrap().report.unwrap().url.to_string();
    assert_eq!(url("https://a.example"), "https://a.example/report");
    assert_eq!(url("https://a.example/"), "https://a.example/report");
    assert_eq!(url("https://a.example/fleet/in"), "https://a.example/fleet/in");
}

#[test]
fn wrong_types_are_named_without_words_of_the_source() {
    for (extra, expect) in [
        ("probe = 3", "expected a table"),
        ("[store]\nlength = \"1\"", "expected a whole number from 0 to 4294967295"),
        ("[store]\nlength = -1", "expected a whole number from 0 to 4294967295"),
        ("[store]\noffset = 1.5", "expected a whole number, not below 0"),
        ("[store]\npath = 3", "expected text in quotes"),
        ("[resolve]\na = 3", "expected text in quotes"),
        ("[services]\na = 3", "expected a table"),
        ("[services.a]\nhosts = 3", "expected a list"),
        ("[report]\nurl = \"https://a\"\nplain-on-loopback = 3", "expected true or false"),
        ("services = []", "expected a table"),
        ("resolve = \"a\"", "expected a table"),
    ] {
        let text = if extra.starts_with('[') {
            format!("{SMALLEST}{extra}")
        } else {
            format!("{extra}\n{SMALLEST}")
        };
        let error = Settings::parse(&text, Path::new("agent.toml")).unwrap_err().to_string();
        assert!(error.ends_with(expect), "{extra}: {error}");
    }
    for text in ["device = 3", "[device]\nid = 3", "[device]\ngroups = 3", "[channel]\nmode = 3"] {
        let error = Settings::parse(text, Path::new("agent.toml")).unwrap_err().to_string();
        let leaks = ["struct", "enum", "u32", "u64", "Section", "variant"];
        assert!(!leaks.iter().any(|leak| error.contains(leak)), "{error}");
    }
}

/// The example with every commented value switched on: what it calls a default must be the default.
fn example(with_defaults: bool) -> Settings {
    let text = include_str!("../../../agent.example.toml");
    let switched_on = |line: &str| {
        let is_value = line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ");
        let is_default = is_value && !line.contains("keyring =") && !line.starts_with("#\"");
        if with_defaults && is_default { format!("{}\n", &line[1..]) } else { format!("{line}\n") }
    };
    let text: String = text.lines().map(switched_on).collect();
    Settings::parse(&text, Path::new("/etc/device-agent/agent.toml")).unwrap()
}

#[test]
fn the_example_is_valid_and_its_defaults_are_the_defaults() {
    let (plain, full) = (example(false), example(true));
    assert_eq!((plain.device.as_str(), plain.urls.len(), plain.services.len()), ("gateway-0042", 2, 1));
    assert_eq!(format!("{plain:?}"), format!("{full:?}"));
}

#[test]
fn every_mistake_names_file_and_field() {
    let with = |extra: &str| format!("{SMALLEST}{extra}");
    let channel = |urls: &str| format!("[device]\nid = \"d\"\n[channel]\nname = \"prod\"\nurls = {urls}");
    check("device = 3", "agent.toml: device: ");
    check("[device]\nid = \"d\"", "agent.toml: line 1: missing field `channel`");
    check("[device]\nid = \"\"\n[channel]\nname = \"p\"\nurls = [\"http://a\"]", "agent.toml: device.id: ");
    check(
        "[device]\n[channel]\nname = \"p\"\nurls = [\"http://a\"]",
        "agent.toml: device.id: the device has no id",
    );
    check(&channel("[]"), "agent.toml: channel.urls: needs 1 to 8 URLs");
    check(
        &channel("[\"https://a\", \"ftp://b\"]"),
        "agent.toml: channel.urls[1]: \"ftp://b\" is not an http",
    );
    check(&channel("[\"https://u:secret@b\"]"), "agent.toml: channel.urls[0]: the URL holds credentials");
    check(&channel("[\"https://u:secret@\"]"), "agent.toml: channel.urls[0]: the URL is not a URL");
    check(&channel("[\"https://a/?b=c\"]"), "agent.toml: channel.urls[0]: \"https://a/?b=c\" has a query");
    check(&channel("[\"nonsense\"]"), "agent.toml: channel.urls[0]: \"nonsense\" is not a URL");
    check(&SMALLEST.replace("prod", "../prod"), "agent.toml: channel.name: ");
    check(&with("mode = \"isntall\""), "agent.toml: channel.mode: unknown value");
    check(&with("signed-only-transport = 1"), "agent.toml: channel.signed-only-transport: ");
    check(&with("[store]\noffset = 512"), "agent.toml: store: cannot hold a store");
    check(&with("[store]\nlength = 4"), "agent.toml: store: cannot hold a store");
    check(&with("[store]\nsize = 4"), "agent.toml: store.size: unknown field");
    check(
        &with("[services.hub]\nhosts = [\"a\", \"*.b\"]"),
        "agent.toml: services.hub.hosts[1]: \"*.b\" is not",
    );
    check(&with("[resolve]\n\"a b\" = \"127.0.0.1:1\""), "agent.toml: resolve: \"a b\" is not host:port");
    check(&with("[resolve]\n\"a:1\" = \"b:1\""), "agent.toml: resolve.\"a:1\": \"b:1\" is not address:port");
    check(&with("[export]\ndirectory = \"d\"\nfile-mode = \"0755\""), "agent.toml: export.file-mode: ");
    let store = "[export]\ndirectory = \"d\"\nsystem-store = \"rm -r\"";
    check(&with(store), "agent.toml: export.system-store: unknown value");
    check(&with("[probe]\ntimeout-seconds = 0"), "agent.toml: probe.timeout-seconds: 0 is not between");
    check(&with("[poll]\nseconds-min = 9\nseconds-max = 3"), "agent.toml: poll.seconds-max: ");
    check("[device\n", "agent.toml: line 1: ");
}
