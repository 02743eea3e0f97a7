//! The mark by which the guard tells the cipher whether the handshake is over.
//!
//! A cipher is made anew for each record from its key alone; all that it is told besides is the record's header.
//! Two bytes of it say 0x0303 and nothing else (RFC 8446 §5.2), so the guard checks them and puts its mark in one.

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The server has not finished yet.
    Handshake,
    /// The handshake is over.
    Application,
}

/// The version that every encrypted record says it has.
pub(crate) const VERSION: [u8; 2] = [3, 3];

/// What stands in place of the version's first byte once the handshake is over.
const APPLICATION: u8 = 0x83;

/// The header with the phase in it.
pub(crate) const fn write(phase: Phase, header: [u8; 5]) -> [u8; 5] {
    let [kind, _, minor, high, low] = header;
    let major = match phase {
        Phase::Handshake => VERSION[0],
        Phase::Application => APPLICATION,
    };
    [kind, major, minor, high, low]
}

/// The phase, and the header as it was sent.
pub(crate) fn read(marked: &[u8]) -> Option<(Phase, [u8; 5])> {
    let [kind, major, minor, high, low] = *<&[u8; 5]>::try_from(marked).ok()?;
    let phase = if major == APPLICATION { Phase::Application } else { Phase::Handshake };
    Some((phase, [kind, VERSION[0], minor, high, low]))
}
