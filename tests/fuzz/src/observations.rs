//! Files of observations, which travel between machines of which none vouches for the other.

use cloud_updater::observation::{CHAIN_MAX, CHAINS_KEPT, Observations};

/// A file.
///
/// # Panics
/// Where what is read breaks a limit, names what the file does not hold, or is another when it is written and read again.
pub fn observations(input: &[u8]) {
    let observations = match Observations::parse(input) {
        Ok(observations) => observations,
        Err(error) => {
            assert_eq!(error.exit().number(), 3, "bad input is nothing else: {error}");
            return;
        }
    };
    assert!(!observations.vantage().is_empty() && !observations.vantage().contains(['/', '.']));
    for (endpoint, record) in observations.endpoints() {
        assert!(endpoint.contains(':') && record.chains.len() <= CHAINS_KEPT);
        assert!(record.current().count() <= record.chains.len());
        for chain in &record.chains {
            assert!(chain.first_seen <= chain.last_seen && chain.last_seen <= record.asked);
            assert!((1..=CHAIN_MAX).contains(&chain.certificates.len()));
            assert_eq!(
                observations.chain(chain).len(),
                chain.certificates.len(),
                "the file holds what it names"
            );
        }
        for attempt in &record.attempts {
            assert!(!attempt.to_string().chars().any(char::is_control), "it is shown on terminals");
        }
    }
    let text = observations.text().expect("what was read can be written");
    let again = Observations::parse(text.as_bytes()).expect("what was written can be read");
    assert_eq!(again.text().ok().as_deref(), Some(text.as_str()), "written twice it is the same");
}
