//! The sizes and costs that the product promises, measured on real roots.

use bundle::{Keyring, Order};

use crate::five_roots::FiveRoots;

#[test]
fn one_root_of_five_exchanged_costs_its_bytes_and_at_most_600_more() {
    let sample = FiveRoots::new();
    let overhead = sample.head.len() + sample.update.len() - sample.certificate_bytes;
    assert!(sample.head.len() <= 200 && overhead <= 600, "{overhead} bytes beside the certificate");
}

#[test]
fn verifying_an_update_needs_no_heap() {
    let sample = FiveRoots::new();
    let mut body = vec![0; 4_096];
    let kept = sample.keyring_as_kept();
    let keyring = Keyring::restored(&kept).expect("restored");
    let mut result = Ok(Order::default());
    let heap = allocation_counter::measure(|| result = sample.verify_under(&keyring, &mut body));
    assert_eq!(result, Ok(Order::new(0, 412)));
    assert_eq!(heap.bytes_total, 0);
    let counted = allocation_counter::measure(|| drop(sample.head.clone()));
    assert!(counted.bytes_total > 0, "the counter counts");
}
