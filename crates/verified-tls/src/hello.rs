//! The server's hello (RFC 8446 §4.1.3), read before `embedded-tls` believes it.

use crate::fault::Fault;
use crate::inner::Fields;

/// SHA-256 of "HelloRetryRequest", which stands where the server's random would.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
const P256: u16 = 23;
/// An uncompressed point of P-256 (SEC 1 §2.3.3).
const POINT_BYTES: usize = 65;

/// Checks that `record` is one hello that answers what was offered: TLS 1.3, this suite, a P-256 share, no session.
pub(crate) fn check(record: &[u8], suite: u16) -> Result<(), Fault> {
    let hello = Hello::read(record).ok_or(Fault::ServerHello)?;
    if hello.random == RETRY {
        return Err(Fault::HelloRetry);
    }
    // A hello of an older version has extensions of its own: the version is judged before them.
    let (mut version, mut share, mut is_answer) = (TLS_1_2, None, hello.session.is_empty());
    let mut extensions = Fields(hello.extensions);
    while !extensions.0.is_empty() {
        let (kind, content) = extension(&mut extensions).ok_or(Fault::ServerHello)?;
        let mut content = Fields(content);
        match kind {
            SUPPORTED_VERSIONS => version = content.number().ok_or(Fault::ServerHello)?,
            KEY_SHARE => share = Some((content.number(), content.vector(2), content.0.is_empty())),
            _ => is_answer = false,
        }
    }
    if hello.version != TLS_1_2 || version != TLS_1_3 {
        return Err(Fault::Version);
    }
    if hello.suite != suite {
        return Err(Fault::Suite);
    }
    match share {
        Some((Some(P256), Some(point), true))
            if is_answer && point.len() == POINT_BYTES && point.first() == Some(&4) =>
        {
            Ok(())
        }
        _ => Err(Fault::ServerHello),
    }
}

struct Hello<'a> {
    version: u16,
    random: &'a [u8],
    session: &'a [u8],
    suite: u16,
    extensions: &'a [u8],
}

impl<'a> Hello<'a> {
    /// Reads the one message that fills a record; `None` where it is none.
    fn read(record: &'a [u8]) -> Option<Self> {
        let mut message = Fields(record);
        if message.take(1)? != [SERVER_HELLO] {
            return None;
        }
        let mut body = Fields(message.vector(3)?);
        let version = body.number()?;
        let random = body.take(32)?;
        let session = body.vector(1)?;
        let suite = body.number()?;
        let compression = body.take(1)?;
        // A hello of TLS 1.2 may end here.
        let extensions = if body.0.is_empty() { &[] } else { body.vector(2)? };
        let is_whole = message.0.is_empty() && body.0.is_empty();
        (is_whole && compression == [0]).then_some(Self { version, random, session, suite, extensions })
    }
}

fn extension<'a>(fields: &mut Fields<'a>) -> Option<(u16, &'a [u8])> {
    Some((fields.number()?, fields.vector(2)?))
}
