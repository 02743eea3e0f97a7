//! One test vector: a document, what it is judged under, and what must come of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::{
    ChannelId, Document, Envelope, Head, Keyring, Manifest, Seed, Sha256, UpdatePrefix, Usb, VerifyError,
};

/// A vector, as it stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vector {
    /// What the vector shows, in a sentence.
    pub(crate) comment: String,
    /// `accepted`, or `refused` and the stable code.
    pub(crate) expect: String,
    /// The whole chain of errors, for people.
    pub(crate) error: String,
    /// `keyring`, `manifest`, `head`, `update`, `seed` or `usb`.
    pub(crate) kind: String,
    /// The channel's name.
    pub(crate) channel: String,
    /// The provisioned keyring document.
    pub(crate) keyring: Vec<u8>,
    /// The body that an update's patch starts from.
    pub(crate) base: Vec<u8>,
    /// What is judged.
    pub(crate) input: Vec<u8>,
    /// SHA-256 of the body that comes out of an accepted input.
    pub(crate) output_sha256: String,
}

impl Vector {
    /// Judges the input and fills in what came of it.
    pub(crate) fn judge(mut self) -> Self {
        match self.run() {
            Ok(output) => {
                self.expect = "accepted".into();
                self.output_sha256 = Sha256::of(&[&output]).to_string();
            }
            Err(error) => {
                self.expect = format!("refused {}", error.code());
                self.error = chain(&error);
            }
        }
        self
    }

    fn run(&self) -> Result<Vec<u8>, VerifyError> {
        let channel = ChannelId::of(&self.channel);
        if self.kind == "seed" {
            let (_, manifest) = Seed::parse(&self.input)?.open(channel)?;
            return Ok(manifest.body_bytes().to_vec());
        }
        let keyring = Keyring::provisioned(&self.keyring)?;
        match self.kind.as_str() {
            "keyring" => keyring.accept(&self.input).map(|accepted| accepted.document.to_vec()),
            "head" => {
                let authentic = Envelope::parse_whole(&self.input)?.verify(&keyring, channel)?;
                Head::decode(authentic)?;
                Ok(authentic.body().to_vec())
            }
            "update" => {
                let prefix = UpdatePrefix::parse(&self.input)?;
                let header = prefix.verify_header(&keyring, channel)?;
                let mut body = vec![0; usize::try_from(header.header().body_length).unwrap_or(0)];
                prefix.patch().apply(&self.base, &mut body)?;
                Manifest::decode(header.attach(&body)?)?;
                Ok(body)
            }
            "usb" => {
                let usb = Usb::parse(&self.input)?;
                let authentic = Envelope::parse_whole(usb.manifest_document)?.verify(&keyring, channel)?;
                Manifest::decode(authentic)?.verify_blobs(usb.blobs)?;
                Ok(authentic.body().to_vec())
            }
            _ => {
                let authentic = Envelope::parse_whole(&self.input)?.verify(&keyring, channel)?;
                Manifest::decode(authentic)?;
                Ok(authentic.body().to_vec())
            }
        }
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> String {
        let fields = [
            ("comment", self.comment.clone()),
            ("expect", self.expect.clone()),
            ("error", self.error.clone()),
            ("kind", self.kind.clone()),
            ("channel", self.channel.clone()),
            ("keyring", STANDARD.encode(&self.keyring)),
            ("base", STANDARD.encode(&self.base)),
            ("input", STANDARD.encode(&self.input)),
            ("output-sha256", self.output_sha256.clone()),
        ];
        fields.iter().map(|(name, value)| format!("{name}: {value}").trim_end().to_owned() + "\n").collect()
    }

    /// Reads a file's text; every field stands there once.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let field = |name: &str| {
            let mut values =
                text.lines().filter_map(|line| line.split_once(':')).filter(|(key, _)| *key == name);
            let value =
                values.next().ok_or_else(|| format!("the field {name} is missing"))?.1.trim().to_owned();
            if values.next().is_some() {
                Err(format!("the field {name} stands there twice"))
            } else {
                Ok(value)
            }
        };
        let bytes = |name: &str| STANDARD.decode(field(name)?).map_err(|error| format!("{name}: {error}"));
        Ok(Self {
            comment: field("comment")?,
            expect: field("expect")?,
            error: field("error")?,
            kind: field("kind")?,
            channel: field("channel")?,
            keyring: bytes("keyring")?,
            base: bytes("base")?,
            input: bytes("input")?,
            output_sha256: field("output-sha256")?,
        })
    }
}

/// The error and its sources, outermost first.
fn chain(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
