//! Who reaches what: one answer for each day that was looked at, and the stretches of days without.

use std::collections::BTreeMap;

use super::{day::Day, report::Stretch};

/// Whether services were reached, by service and day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    seen: BTreeMap<(String, Day), Option<String>>,
}

impl Reach {
    /// Notes what a client said of a service; a refusal stands before any other answer of the same day.
    pub(crate) fn note(&mut self, service: &str, day: Day, refusal: Option<String>) {
        let seen = self.seen.entry((service.to_owned(), day)).or_default();
        *seen = seen.take().or(refusal);
    }

    /// The stretches of days on which a service was refused, by day.
    pub(crate) fn stretches(&self) -> Vec<Stretch> {
        let mut found: Vec<Stretch> = Vec::new();
        for ((service, day), refusal) in &self.seen {
            let open = found.last_mut().filter(|it| it.service == *service && it.until.is_none());
            match (open, refusal) {
                (Some(open), None) => open.until = Some(*day),
                (None, Some(because)) => found.push(Stretch {
                    service: service.clone(),
                    from: *day,
                    until: None,
                    because: because.clone(),
                }),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        found.sort_by_key(|stretch| stretch.from);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_begin_and_end_where_answers_change() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let mut reach = Reach::default();
        for (date, refusal) in
            [("2020-01-01", None), ("2020-01-02", Some("no")), ("2020-01-05", Some("still no"))]
        {
            reach.note("hub", day(date), refusal.map(str::to_owned));
        }
        reach.note("hub", day("2020-01-05"), None);
        reach.note("web", day("2020-01-01"), None);
        let open = reach.stretches();
        assert_eq!((open.len(), open[0].from, open[0].until), (1, day("2020-01-02"), None));
        assert_eq!(open[0].because, "no");
        reach.note("hub", day("2020-01-06"), None);
        assert_eq!(reach.stretches()[0].until, Some(day("2020-01-06")));
    }
}
