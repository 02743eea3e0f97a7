//! Arguments that are none.

use std::ptr;

use chain::pki::{Authority, Content};
use trust_store_c::anchors::{TRUST_STORE_PEM, trust_store_anchor, trust_store_anchors};
use trust_store_c::code::{TRUST_STORE_ABI_MISMATCH, TRUST_STORE_BAD_ARGUMENT, TRUST_STORE_OK};
use trust_store_c::judgement::{TrustStoreChain, TrustStoreJudgement, trust_store_judge};
use trust_store_c::notice::{trust_store_descriptor, trust_store_wait};
use trust_store_c::opening::{TrustStoreConfig, trust_store_close, trust_store_open};
use trust_store_c::snapshot::{TrustStoreSnapshot, trust_store_refresh, trust_store_snapshot_read};

use crate::caller::{Caller, cleared, size};
use crate::device::Device;
use crate::judge::Asked;

pub(crate) fn device() -> Device {
    let root = Authority::root("First", 2020..2045);
    Device::with(&Content::default().anchor(root.certificate()).service("hub", &[]))
}

#[test]
fn null_is_a_code_everywhere() {
    let device = device();
    let caller = Caller::opened(&device.path("store"));
    let (none, hub) = (ptr::null_mut(), c"hub".as_ptr());
    let (mut needed, mut number, mut handle) = (0, 0, ptr::null_mut());
    let asked = Asked::new(&[b"x"]);
    let config = cleared();
    // SAFETY: NULL is what is tried; everything else lives.
    let codes = unsafe {
        [
            trust_store_open(ptr::null(), &raw mut handle),
            trust_store_open(&raw const config, ptr::null_mut()),
            trust_store_refresh(none),
            trust_store_snapshot_read(none, ptr::null_mut()),
            trust_store_snapshot_read(caller.0, ptr::null_mut()),
            trust_store_descriptor(none, &raw mut number),
            trust_store_descriptor(caller.0, ptr::null_mut()),
            trust_store_wait(none, 0, 0),
            trust_store_anchors(none, 0, hub, TRUST_STORE_PEM, ptr::null_mut(), 0, &raw mut needed),
            trust_store_anchors(
                caller.0,
                0,
                ptr::null(),
                TRUST_STORE_PEM,
                ptr::null_mut(),
                0,
                &raw mut needed,
            ),
            trust_store_anchors(caller.0, 0, hub, TRUST_STORE_PEM, ptr::null_mut(), 9, &raw mut needed),
            trust_store_anchors(caller.0, 0, hub, TRUST_STORE_PEM, ptr::null_mut(), 0, ptr::null_mut()),
            trust_store_anchors(caller.0, 0, hub, 77, ptr::null_mut(), 0, &raw mut needed),
            trust_store_anchor(caller.0, 0, hub, 0, ptr::null_mut(), 0, ptr::null_mut()),
            trust_store_judge(none, &raw const asked.chain, ptr::null_mut()),
            trust_store_judge(caller.0, ptr::null(), ptr::null_mut()),
        ]
    };
    assert!(codes.iter().all(|code| *code == TRUST_STORE_BAD_ARGUMENT), "{codes:?}");
    // SAFETY: NULL is no handle, as with free.
    assert_eq!(unsafe { trust_store_close(none) }, TRUST_STORE_OK);
}

#[test]
fn members_of_a_chain_may_not_be_null() {
    let device = device();
    let caller = Caller::opened(&device.path("store"));
    let changes: [fn(&mut TrustStoreChain); 6] = [
        |chain| chain.service = ptr::null(),
        |chain| chain.host = ptr::null(),
        |chain| chain.certificates = ptr::null(),
        |chain| chain.certificate_bytes = ptr::null(),
        |chain| chain.certificate_count = 0,
        |chain| chain.host = c"not a host!".as_ptr(),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut asked = Asked::new(&[b"x"]);
        change(&mut asked.chain);
        assert_eq!(asked.judge(&caller).0, TRUST_STORE_BAD_ARGUMENT, "{place}");
    }
    let mut nothing = Asked::new(&[b""]);
    assert_eq!(nothing.judge(&caller).0, TRUST_STORE_BAD_ARGUMENT);
    nothing.pointers[0] = ptr::null();
    assert_eq!(nothing.judge(&caller).0, TRUST_STORE_BAD_ARGUMENT);
}

#[test]
fn a_struct_of_another_size_is_told() {
    let device = device();
    let caller = Caller::opened(&device.path("store"));
    for wrong in [0, 1, 4, u32::MAX] {
        let (mut handle, mut config) = (ptr::null_mut(), cleared());
        config.struct_size = wrong;
        let mut snapshot = TrustStoreSnapshot { struct_size: wrong, ..TrustStoreSnapshot::default() };
        let mut asked = Asked::new(&[b"x"]);
        let mut judgement = asked.judge(&caller).1;
        judgement.struct_size = wrong;
        // SAFETY: structs that live; their sizes are what is tried.
        let codes = unsafe {
            [
                trust_store_open(&raw const config, &raw mut handle),
                trust_store_snapshot_read(caller.0, &raw mut snapshot),
                trust_store_judge(caller.0, &raw const asked.chain, &raw mut judgement),
                {
                    asked.chain.struct_size = wrong;
                    trust_store_judge(caller.0, &raw const asked.chain, ptr::null_mut())
                },
            ]
        };
        assert_eq!(codes, [TRUST_STORE_ABI_MISMATCH; 4], "{wrong}");
    }
}

#[test]
fn sizes_are_those_of_the_first_version() {
    // A member that is added makes another size: the old one must stay known.
    #[cfg(target_pointer_width = "64")]
    let sizes = [size::<TrustStoreConfig>(), size::<TrustStoreSnapshot>(), size::<TrustStoreChain>()];
    #[cfg(target_pointer_width = "64")]
    assert_eq!((sizes, size::<TrustStoreJudgement>()), ([64, 80, 56], 288));
}
