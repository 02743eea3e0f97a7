//! The figures that the product promises, as measured in this run; `null` where something was not measured.

use serde::Serialize;

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    /// Requests of a check that finds nothing new.
    pub(crate) unchanged_requests: Option<usize>,
    /// Body bytes of that check.
    pub(crate) unchanged_bytes: Option<usize>,
    /// Requests of an update that replaces one root of five.
    pub(crate) one_root_requests: Option<usize>,
    /// Body bytes of that update, the new certificate included.
    pub(crate) one_root_bytes: Option<usize>,
    /// Bytes of the new certificate.
    pub(crate) one_root_certificate_bytes: Option<usize>,
    /// Bytes allocated while that update is verified.
    pub(crate) verify_heap_bytes: Option<u64>,
    /// Instructions of verifying it, with start-up subtracted.
    pub(crate) verify_instructions: Option<u64>,
    /// Bytes fetched for all states of Mozilla's store.
    pub(crate) mozilla_bytes: Option<usize>,
    /// Bytes of as many downloads of the whole store as PEM.
    pub(crate) mozilla_pem_bytes: Option<usize>,
}

/// A limit: the figure's name, what was measured, and the most that is promised.
pub(crate) type Limit = (&'static str, Option<u64>, u64);

fn count(value: Option<usize>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

impl Figures {
    /// Every figure beside its limit.
    pub(crate) fn limits(&self) -> Vec<Limit> {
        let certificate = count(self.one_root_certificate_bytes).unwrap_or(0);
        let pem = count(self.mozilla_pem_bytes).unwrap_or(0);
        vec![
            ("unchanged_requests", count(self.unchanged_requests), 1),
            ("unchanged_bytes", count(self.unchanged_bytes), 200),
            ("one_root_requests", count(self.one_root_requests), 3),
            ("one_root_bytes", count(self.one_root_bytes), certificate + 600),
            ("verify_heap_bytes", self.verify_heap_bytes, 0),
            ("verify_instructions", self.verify_instructions, 2_500_000),
            ("mozilla_bytes", count(self.mozilla_bytes), pem * 4 / 100),
        ]
    }

    /// The figures above their limits, as sentences.
    pub(crate) fn exceeded(&self) -> Vec<String> {
        let exceeded = |(name, measured, limit): Limit| {
            let measured = measured.filter(|measured| *measured > limit)?;
            Some(format!("{name} is {measured}, promised is at most {limit}"))
        };
        self.limits().into_iter().filter_map(exceeded).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_limit_is_named_and_an_unmeasured_one_is_not() {
        let mut figures = Figures { unchanged_bytes: Some(200), ..Figures::default() };
        assert_eq!(figures.exceeded(), Vec::<String>::new());
        figures.unchanged_bytes = Some(201);
        assert_eq!(figures.exceeded(), ["unchanged_bytes is 201, promised is at most 200"]);
    }
}
