//! What this image believes without a signature. A product puts its own keyring and floor here, with every build.

use bundle::{ChannelId, Order, UnixSeconds};
use intercore::Image;

/// A keyring whose secret keys are in the tests of this workspace: it protects nothing.
const KEYRING: &[u8] = include_bytes!("../image/keyring");

/// The image's keyring, channel, service and floors.
pub(crate) fn image() -> Image<'static> {
    Image {
        keyring: KEYRING,
        channel: ChannelId::of("prod-mcu"),
        service: "iot-hub",
        release_floor: Order::new(0, 5),
        time_floor: UnixSeconds(1_790_000_000),
    }
}

/// The buffers of the core, in bytes.
pub(crate) mod buffers {
    /// For the keyring in force: eight keys have 456.
    pub(crate) const KEYRING_BYTES: usize = 576;
    /// For a keyring file or a manifest on its way: eight keys with four signatures have 757, five anchors and two
    /// services some 500.
    pub(crate) const DOCUMENT_BYTES: usize = 896;
    /// For one set of anchors: the two roots of Azure's hubs have 2,446. There are two sets.
    pub(crate) const SET_BYTES: usize = 2_464;
}
