//! A rotation and a removal under a running application.

use chain::pki::{Authority, Content};

use crate::device::Device;
use crate::examples::Running;
use crate::server::Server;

/// Runs an example through a rotation: it accepts the old root's server before, the new root's as soon as that root is
/// installed, and refuses the old root's, for this reason, as soon as it is removed. It is started once.
pub(crate) fn is_followed_by(example: &str, reason: &str) {
    let (old, new) = (Authority::root("Old", 2000..2100), Authority::root("New", 2000..2100));
    let trusting = |roots: &[&Authority]| {
        let content =
            roots.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
        content.service("hub", &[])
    };
    let mut device = Device::with(&trusting(&[&old]));
    let server = Server::start(&old);
    let mut application = Running::start(example, &device.location().path, "hub");
    let mut expect = |accepted: bool, when: &str| {
        let answer = application.ask(&server.address());
        let is_as_expected = if accepted {
            answer.starts_with("accepted")
        } else {
            answer.starts_with("refused") && answer.contains(reason)
        };
        assert!(is_as_expected, "{when}: {answer}");
    };
    expect(true, "the old root, before the rotation");
    server.switch(&new);
    expect(false, "the new root, before it is installed");
    device.install(&trusting(&[&old, &new]));
    expect(true, "the new root, right after it is installed");
    server.switch(&old);
    expect(true, "the old root, while both are installed");
    device.install(&trusting(&[&new]));
    expect(false, "the old root, right after it is removed");
    server.switch(&new);
    expect(true, "the new root, after the removal of the old one");
}
