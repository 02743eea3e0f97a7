//! One connection of the hostile server: an honest handshake whose every part a script may leave out or bend.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use ring::{agreement, rand::SystemRandom, signature};

use super::schedule::{Keys, Schedule, hash};

/// Types of records and of what is inside.
pub(super) const ALERT: u8 = 21;
/// A handshake message.
pub(super) const HANDSHAKE: u8 = 22;
/// Application data.
pub(super) const DATA: u8 = 23;

/// Time after which a client that says nothing is left alone.
const SILENCE_SECONDS_MAX: Duration = Duration::from_secs(10);

/// The certificates and the key.
#[derive(Clone, Debug)]
pub struct Material {
    /// The server's certificate and those after it.
    pub certificates: Vec<Vec<u8>>,
    /// A P-256 key in PKCS#8.
    pub key: Vec<u8>,
}

/// A connection, from the client's hello on.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
    material: Material,
    client_share: Vec<u8>,
    transcript: Vec<u8>,
    schedule: Option<Schedule>,
    keys: Option<Keys>,
}

/// What a server's hello says.
#[derive(Clone, Copy, Debug)]
pub struct Hello {
    /// The version of the supported_versions extension, if it is there.
    pub version: Option<u16>,
    /// The suite.
    pub suite: u16,
    /// The curve of the share.
    pub group: u16,
    /// This in place of a random.
    pub random: [u8; 32],
}

impl Default for Hello {
    fn default() -> Self {
        Self { version: Some(0x0304), suite: 0x1301, group: 23, random: [7; 32] }
    }
}

/// A handshake message.
#[must_use]
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], vector(3, body).as_slice()].concat()
}

/// Bytes after their length in so many bytes.
#[must_use]
pub(super) fn vector(length_bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - length_bytes..], content].concat()
}

/// A record in the clear.
#[must_use]
pub(super) fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], vector(2, content).as_slice()].concat()
}

impl Session {
    /// Reads the client's hello.
    ///
    /// # Errors
    /// It does not come, or has no P-256 share.
    pub fn open(mut stream: TcpStream, material: Material) -> io::Result<Self> {
        stream.set_read_timeout(Some(SILENCE_SECONDS_MAX))?;
        stream.set_write_timeout(Some(SILENCE_SECONDS_MAX))?;
        stream.set_nodelay(true)?;
        let mut header = [0; 5];
        stream.read_exact(&mut header)?;
        let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        stream.read_exact(&mut hello)?;
        // The share is the one uncompressed point of its length: group, length, point.
        let mark = [0, 23, 0, 65];
        let at = hello.windows(4).position(|window| window == mark).map(|at| at + 4);
        let client_share =
            at.and_then(|at| hello.get(at..at + 65)).ok_or(io::ErrorKind::InvalidData)?.to_vec();
        Ok(Self { stream, material, client_share, transcript: hello, schedule: None, keys: None })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The client is gone.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends the hello and takes the keys of the handshake.
    ///
    /// # Errors
    /// The client is gone.
    pub fn hello(&mut self, hello: Hello) -> io::Result<()> {
        let message = self.hello_message(hello)?;
        self.raw(&record(HANDSHAKE, &message))
    }

    /// The hello, not sent; the keys are taken.
    ///
    /// # Errors
    /// No key can be made.
    pub fn hello_message(&mut self, hello: Hello) -> io::Result<Vec<u8>> {
        let broken = |_| io::Error::other("no key can be made");
        let private = agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, &SystemRandom::new());
        let private = private.map_err(broken)?;
        let share = private.compute_public_key().map_err(broken)?;
        let client = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, &self.client_share);
        let schedule = agreement::agree_ephemeral(private, &client, Schedule::handshake).map_err(broken)?;
        let entry = [hello.group.to_be_bytes().to_vec(), vector(2, share.as_ref())].concat();
        let mut extensions = [vec![0, 51], vector(2, &entry)].concat();
        if let Some(version) = hello.version {
            extensions.extend([vec![0, 43], vector(2, &version.to_be_bytes())].concat());
        }
        let mut body = vec![3, 3];
        body.extend(hello.random);
        body.push(0);
        body.extend(hello.suite.to_be_bytes());
        body.push(0);
        body.extend(vector(2, &extensions));
        let message = message(2, &body);
        self.transcript.extend_from_slice(&message);
        self.keys = Some(schedule.keys("s hs traffic", &self.transcript));
        self.schedule = Some(schedule);
        Ok(message)
    }

    /// Sends handshake messages in one encrypted record.
    ///
    /// # Errors
    /// The client is gone.
    pub fn messages(&mut self, messages: &[Vec<u8>]) -> io::Result<()> {
        let content = messages.concat();
        self.transcript.extend_from_slice(&content);
        self.inner(&[content.as_slice(), &[HANDSHAKE]].concat())
    }

    /// Sends one encrypted record with exactly this inside: content, type, padding.
    ///
    /// # Errors
    /// The client is gone.
    pub fn inner(&mut self, inner: &[u8]) -> io::Result<()> {
        let record = self.sealed(inner);
        self.raw(&record)
    }

    /// The same, not sent.
    ///
    /// # Panics
    /// Before the hello there are no keys: the script is wrong.
    pub fn sealed(&mut self, inner: &[u8]) -> Vec<u8> {
        self.keys.as_mut().expect("a script says hello first").seal(inner)
    }

    /// EncryptedExtensions without any.
    #[must_use]
    pub fn extensions() -> Vec<u8> {
        message(8, &[0, 0])
    }

    /// A Certificate with these certificates.
    #[must_use]
    pub fn certificate_of<'a>(certificates: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
        let entries: Vec<u8> =
            certificates.into_iter().flat_map(|der| [vector(3, der), vec![0, 0]].concat()).collect();
        message(11, &[vec![0], vector(3, &entries)].concat())
    }

    /// The Certificate with what this server has.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        Self::certificate_of(&self.material.certificates)
    }

    /// A CertificateVerify over the transcript so far and `more`, which is not sent yet.
    ///
    /// # Panics
    /// The key is no P-256 key: the test is wrong.
    #[must_use]
    pub fn verify(&self, more: &[u8]) -> Vec<u8> {
        let transcript = [self.transcript.as_slice(), more].concat();
        let mut content = vec![0x20; 64];
        content.extend(b"TLS 1.3, server CertificateVerify\0");
        content.extend(hash(&transcript).as_ref());
        let random = SystemRandom::new();
        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let key =
            signature::EcdsaKeyPair::from_pkcs8(algorithm, &self.material.key, &random).expect("a P-256 key");
        let signature = key.sign(&random, &content).expect("a signature");
        message(15, &[vec![4, 3], vector(2, signature.as_ref())].concat())
    }

    /// A Finished over the transcript so far and `more`.
    ///
    /// # Panics
    /// Before the hello: the script is wrong.
    #[must_use]
    pub fn finished(&self, more: &[u8]) -> Vec<u8> {
        let transcript = [self.transcript.as_slice(), more].concat();
        message(20, &self.keys.as_ref().expect("a script says hello first").finished(&transcript))
    }

    /// Everything from the hello to Finished, as it should be, and the keys of application data.
    ///
    /// # Errors
    /// The client is gone.
    pub fn shake_hands(&mut self) -> io::Result<()> {
        self.hello(Hello::default())?;
        self.messages(&[Self::extensions()])?;
        let certificate = self.certificate();
        let verify = self.verify(&certificate);
        self.messages(&[certificate])?;
        self.messages(&[verify])?;
        let finished = self.finished(&[]);
        self.messages(&[finished])?;
        self.switch();
        Ok(())
    }

    /// Takes the keys of application data.
    ///
    /// # Panics
    /// Before the hello: the script is wrong.
    pub fn switch(&mut self) {
        let schedule = self.schedule.as_ref().expect("a script says hello first");
        self.keys = Some(schedule.master().keys("s ap traffic", &self.transcript));
    }

    /// Sends application data.
    ///
    /// # Errors
    /// The client is gone.
    pub fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner(&[bytes, &[DATA]].concat())
    }

    /// Says that no more comes.
    ///
    /// # Errors
    /// The client is gone.
    pub fn close(&mut self) -> io::Result<()> {
        self.inner(&[1, 0, ALERT])
    }

    /// Sends a message byte by byte.
    ///
    /// # Errors
    /// The client is gone.
    pub fn trickle(&mut self, message: Vec<u8>) -> io::Result<()> {
        let inner = [message.as_slice(), &[HANDSHAKE]].concat();
        self.transcript.extend(message);
        let sealed = self.sealed(&inner);
        sealed.iter().try_for_each(|byte| self.raw(&[*byte]))
    }

    /// Sends no more, and takes what the client has to say until it hangs up, so that nothing is lost by a reset.
    pub fn end(mut self) {
        drop(self.stream.shutdown(Shutdown::Write));
        while matches!(self.stream.read(&mut [0; 1_024]), Ok(1..)) {}
    }
}
