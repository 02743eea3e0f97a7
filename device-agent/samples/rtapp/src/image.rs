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

/// Bytes for the keyring in force: ten keys have about 700.
pub(crate) const KEYRING_BYTES: usize = 1_024;
/// Bytes for a keyring file or a manifest on its way: ten anchors and three services have about 1,300.
pub(crate) const DOCUMENT_BYTES: usize = 2_048;
/// Bytes for one set of anchors: two roots of Azure's have about 2,400. There are two sets.
pub(crate) const SET_BYTES: usize = 2_560;
