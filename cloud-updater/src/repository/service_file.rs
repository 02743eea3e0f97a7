//! `services.toml`: the named peers of the fleet, which anchors serve them, and what is asked of their chains.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use bundle::write::{ExpectationContent, ExtensionContent};
use bundle::{ExportChoice, HostPattern, Pin, Sha256, Unexportable, extension_id, limits};
use chain::Profile;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use super::requirement_settings::{self, ExpectationSettings, PinSettings};
use super::settings;
use crate::Error;

/// Name of the file, in the repository's folder.
pub const SERVICE_FILE: &str = "services.toml";
/// What may be done where an exported file cannot say something.
const CHOICES: [ExportChoice; 2] = [ExportChoice::Exclude, ExportChoice::Keep];

/// `services.toml`, read and checked but for its anchors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceFile {
    /// The services by name.
    #[serde(default)]
    pub services: BTreeMap<String, ServiceSettings>,
}

/// `[services.<name>]`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceSettings {
    /// Hosts or patterns, each with an optional port.
    pub hosts: Vec<String>,
    /// `"all"`, or names of anchors.
    pub anchors: AnchorChoice,
    /// What its chain must hold.
    #[serde(default)]
    pub pins: Vec<PinSettings>,
    /// What the names in its certificate are expected to be.
    #[serde(default)]
    pub expect: Vec<ExpectationSettings>,
    /// What its certificates keep to beside the rules of path validation; the rules for private CAs where nothing is said.
    #[serde(default, deserialize_with = "profile")]
    pub profile: Profile,
    /// What devices do where a file that they export cannot say something of the bundle: `exclude` or `keep`, for
    /// `constraints`, `dates`, `denials`, `pins` and `profile`.
    #[serde(default)]
    pub unexportable: BTreeMap<String, String>,
    /// Whether devices prove a candidate against it; they do where nothing is said.
    #[serde(default = "yes")]
    pub probe: bool,
    /// Whether publishing waits for a verdict about it where the watcher has none.
    #[serde(default)]
    pub required: bool,
    /// Endpoints, `host:port`, that the watcher asks for what its patterns stand for.
    #[serde(default)]
    pub watch: Vec<String>,
    /// The channels whose bundles carry it; all where nothing is said.
    pub channels: Option<Vec<String>>,
}

/// Which anchors serve a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorChoice {
    /// Every anchor of the bundle.
    All,
    /// The anchors with these names.
    Named(Vec<String>),
}

impl ServiceFile {
    /// Reads and checks `services.toml`; a repository without one has no services.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn read(repository: &Path) -> Result<Self, Error> {
        let path = repository.join(SERVICE_FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        Self::parse(&settings::read_text(&path, SERVICE_FILE)?)
    }

    /// Reads and checks the file's text.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: Self = settings::parse(text, SERVICE_FILE)?;
        if file.services.len() > limits::SERVICES_MAX {
            return Err(wrong("services", format!("at most {} fit a bundle", limits::SERVICES_MAX)));
        }
        file.services.iter().try_for_each(|(name, service)| service.check(name))?;
        Ok(file)
    }

    /// The services of one channel, by name.
    pub fn of_channel<'a>(
        &'a self,
        channel: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a ServiceSettings)> {
        let all = self.services.iter().map(|(name, service)| (name.as_str(), service));
        all.filter(move |(_, service)| {
            service.channels.as_ref().is_none_or(|channels| channels.iter().any(|name| name == channel))
        })
    }
}

impl ServiceSettings {
    fn check(&self, name: &str) -> Result<(), Error> {
        let field = format!("services.{name}");
        let name_is_fine = (1..=limits::SERVICE_NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !name_is_fine {
            let message = format!(
                "a service's name is 1 to {} lower-case letters, digits and hyphens",
                limits::SERVICE_NAME_BYTES_MAX
            );
            return Err(wrong(field, message));
        }
        if self.hosts.is_empty() || self.hosts.len() > limits::HOSTS_MAX {
            return Err(wrong(
                format!("{field}.hosts"),
                format!("must name 1 to {} hosts", limits::HOSTS_MAX),
            ));
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let field = format!("{field}.hosts[{index}]");
            if !HostPattern(host).is_well_formed() {
                let message =
                    format!("{host:?} is not a host: write name, name:port, *.name or [address]:port");
                return Err(wrong(field, message));
            }
            if self.hosts.iter().take(index).any(|earlier| earlier == host) {
                return Err(wrong(field, format!("{host:?} stands there twice")));
            }
        }
        for (index, endpoint) in self.watch.iter().enumerate() {
            let fits = |(host, port): (&str, u16)| {
                let patterns = self.hosts.iter().map(|host| HostPattern(host));
                let mut patterns = patterns.filter(|pattern| pattern.is_wildcard() && pattern.port() == port);
                patterns.any(|pattern| pattern.matches_host(host))
            };
            if !bundle::split_host_port(endpoint).is_some_and(fits) {
                let message =
                    format!("{endpoint:?} is not host:port of a host that one of the patterns stands for");
                return Err(wrong(format!("{field}.watch[{index}]"), message));
            }
        }
        if self.anchors == AnchorChoice::Named(Vec::new()) {
            return Err(wrong(
                format!("{field}.anchors"),
                "a service without an anchor can be reached by nobody",
            ));
        }
        for (what, choice) in &self.unexportable {
            let field = format!("{field}.unexportable.{what}");
            if !Unexportable::ALL.iter().any(|known| known.name() == what) {
                let known = Unexportable::ALL.map(Unexportable::name).join(", ");
                return Err(wrong(field, format!("is none of {known}")));
            }
            if !CHOICES.iter().any(|known| known.name() == choice) {
                return Err(wrong(field, format!("{choice:?} is neither \"exclude\" nor \"keep\"")));
            }
        }
        // Which keys the names stand for, the repository knows; here they must be different ones.
        self.pins(name, |anchor| Some(Sha256::of(&[anchor.as_bytes()])))?;
        self.expectations(name).map(drop)
    }

    /// The extensions that carry what stands here and has no field in the format.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn extensions(&self, name: &str) -> Result<Vec<ExtensionContent>, Error> {
        let expectations = self.expectations(name)?;
        let profile = (self.profile != Profile::Private).then(|| self.profile.name().to_owned());
        let choices = self.unexportable.iter().map(|(what, choice)| format!("{what}={choice}"));
        let choices = Some(choices.collect::<Vec<_>>().join(",")).filter(|choices| !choices.is_empty());
        let own = [(extension_id::PROFILE, profile), (extension_id::EXPORT_POLICY, choices)];
        let own = own.into_iter().filter_map(|(id, text)| {
            Some(ExtensionContent { id, critical: false, content: text?.into_bytes() })
        });
        Ok(own.chain(ExpectationContent::extension(&expectations)).collect())
    }

    /// The pins, as the format has them; `key_of` knows the keys of anchors and intermediates by their names.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn pins(&self, name: &str, key_of: impl Fn(&str) -> Option<Sha256>) -> Result<Vec<Pin>, Error> {
        requirement_settings::pins(name, &self.pins, &key_of)
    }

    /// The expected names, as the format has them.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn expectations(&self, name: &str) -> Result<Vec<ExpectationContent>, Error> {
        requirement_settings::expectations(name, &self.expect)
    }
}

impl<'de> Deserialize<'de> for AnchorChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;
        impl<'de> Visitor<'de> for Choice {
            type Value = AnchorChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\" or a list of anchors' names")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AnchorChoice, E> {
                if text == "all" {
                    Ok(AnchorChoice::All)
                } else {
                    Err(E::custom(format!("{text:?} is neither \"all\" nor a list: write [{text:?}]")))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AnchorChoice, A::Error> {
                let mut names: Vec<String> = Vec::new();
                while let Some(name) = items.next_element::<String>()? {
                    if names.contains(&name) {
                        return Err(A::Error::custom(format!("{name:?} stands there twice")));
                    }
                    names.push(name);
                }
                Ok(AnchorChoice::Named(names))
            }
        }
        deserializer.deserialize_any(Choice)
    }
}

/// An error about a field of `services.toml`.
pub(crate) fn wrong(field: impl fmt::Display, message: impl Into<String>) -> Error {
    Error::usage("service_file", message).file(SERVICE_FILE).field(field)
}

fn profile<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Profile, D::Error> {
    let name = String::deserialize(deserializer)?;
    Profile::named(name.as_bytes())
        .ok_or_else(|| D::Error::custom(format!("{name:?} is none of private, rfc5280 and webpki")))
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &str) {
        let text = format!("[services.iot-hub]\nhosts = ['a.example']\nanchors = 'all'\n{body}");
        let error = ServiceFile::parse(&text).unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
        assert_eq!(error.exit().number(), 2);
    }

    fn check_hosts(hosts: &str, expect: &str) {
        let text = format!("[services.iot-hub]\nhosts = {hosts}\nanchors = 'all'\n");
        let error = ServiceFile::parse(&text).unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
    }

    #[test]
    fn a_bad_host_is_named_by_its_index() {
        check_hosts(
            "['a.example', 'b c']",
            "services.toml: services.iot-hub.hosts[1]: \"b c\" is not a host",
        );
        check_hosts("['a:99999']", "services.toml: services.iot-hub.hosts[0]: ");
        check_hosts("['a', 'a']", "services.toml: services.iot-hub.hosts[1]: ");
        check_hosts("[]", "services.toml: services.iot-hub.hosts: ");
        check_hosts("['a', 7]", "services.toml: services.iot-hub.hosts[1]: ");
    }

    #[test]
    fn every_mistake_is_named_by_its_field() {
        check("[services.Hub]\nhosts=['a']\nanchors='all'", "services.toml: services.Hub: ");
        check("[services.b]\nhosts=['a']\nanchors='some'", "services.toml: services.b.anchors: ");
        check("[services.b]\nhosts=['a']\nanchors=[]", "services.toml: services.b.anchors: ");
        check("[services.b]\nhosts=['a']\nanchors=['x','x']", "services.toml: services.b.anchors");
        check("watch = ['a.example:443']", "services.toml: services.iot-hub.watch[0]: ");
        check("prob = true", "services.toml: services.iot-hub.prob: unknown field");
        check("profile = 'public'", "services.toml: services.iot-hub.profile: ");
        check(
            "unexportable = { pin = 'keep' }",
            "services.toml: services.iot-hub.unexportable.pin: is none of",
        );
        check(
            "unexportable = { pins = 'drop' }",
            "services.toml: services.iot-hub.unexportable.pins: \"drop\"",
        );
        let pin = |kind: &str, sha256: &str, until: &str| {
            format!("pins = [{{ kind = '{kind}', sha256 = '{sha256}', until = '{until}' }}]")
        };
        let digest = "ab".repeat(32);
        check(&pin("key", &digest, "2027-01-01"), "services.toml: services.iot-hub.pins[0].kind: ");
        check(&pin("spki", "abc", "2027-01-01"), "services.toml: services.iot-hub.pins[0].sha256: ");
        check(&pin("spki", &digest, "soon"), "services.toml: services.iot-hub.pins[0].until: ");
    }

    #[test]
    fn a_profile_travels_as_an_extension_and_the_default_as_nothing() {
        let extensions = |line: &str| {
            let text = format!("[services.hub]\nhosts = ['a.example']\nanchors = 'all'\n{line}");
            ServiceFile::parse(&text).unwrap().services["hub"].extensions("hub").unwrap()
        };
        for name in ["rfc5280", "webpki"] {
            let carried = extensions(&format!("profile = '{name}'"));
            let content = name.as_bytes().to_vec();
            assert_eq!(carried, [ExtensionContent { id: extension_id::PROFILE, critical: false, content }]);
        }
        assert_eq!([extensions(""), extensions("profile = 'private'")], [vec![], vec![]]);
        let policy = extensions("unexportable = { pins = 'exclude', constraints = 'keep' }");
        let content = b"constraints=keep,pins=exclude".to_vec();
        assert_eq!(policy, [ExtensionContent { id: extension_id::EXPORT_POLICY, critical: false, content }]);
    }

    #[test]
    fn services_belong_to_all_channels_or_to_those_named() {
        let file = ServiceFile::parse(
            "[services.a]\nhosts=['a']\nanchors='all'\n[services.b]\nhosts=['b']\nanchors=['x']\nchannels=['prod']",
        )
        .unwrap();
        assert_eq!(file.of_channel("prod").count(), 2);
        assert_eq!(file.of_channel("staging").map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
        assert!(file.services["a"].probe);
    }
}
