//! What a scenario came to, as data.

use serde::Serialize;

use super::{
    day::Day,
    file::{Expected, Said},
    guard::First,
};

/// The form of the report in JSON.
pub(crate) const SCHEMA: &str = "demo.scenario.1";

/// What was seen.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The form of this object.
    pub(crate) schema: &'static str,
    /// The scenario's name.
    pub(crate) scenario: String,
    /// What it is about.
    pub(crate) title: String,
    /// Its first day.
    pub(crate) from: Day,
    /// Its last day.
    pub(crate) to: Day,
    /// Whether everything came as it must.
    pub(crate) passed: bool,
    /// What did not: who, on which day, and what was seen instead.
    pub(crate) faults: Vec<String>,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The days that were looked at.
    pub(crate) days: Vec<Day>,
    /// The certificates.
    pub(crate) certificates: Vec<Named>,
    /// What was announced.
    pub(crate) said: Vec<Said>,
    /// The moves of the services.
    pub(crate) moves: Vec<Move>,
    /// What became of whom.
    pub(crate) customers: Vec<Outcome>,
    /// What was found, by first day.
    pub(crate) findings: Vec<First>,
    /// What must have been found, and was.
    pub(crate) expected: Vec<Met>,
    /// The days on which real roots were going to be lost, as the forecast has them.
    pub(crate) forecast: Vec<Loss>,
    /// What sources said of the real certificates.
    pub(crate) heard: Vec<Heard>,
    /// What the operator did.
    pub(crate) acts: Vec<Acted>,
    /// Why the real roots were trusted, as the last day has it.
    pub(crate) explained: Vec<Explained>,
}

/// A certificate and its twin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Named {
    /// Its name here.
    pub(crate) name: String,
    /// Its subject.
    pub(crate) subject: String,
    /// SHA-256 of the real one; none where nobody keeps it.
    pub(crate) sha256: Option<String>,
    /// SHA-256 of the twin that was used in its place where a server needed a key.
    pub(crate) twin_sha256: String,
    /// Where the real one is from.
    pub(crate) origin: String,
}

/// A service that goes on under another issuer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Move {
    /// From this day on.
    pub(crate) day: Day,
    /// The service.
    pub(crate) service: String,
    /// Its host.
    pub(crate) host: String,
    /// Who issues its certificates.
    pub(crate) issuer: String,
    /// The root above.
    pub(crate) root: String,
}

/// What became of a customer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    /// The customer.
    pub(crate) customer: String,
    /// What kind of customer.
    pub(crate) who: String,
    /// The services that its devices depend on.
    pub(crate) uses: Vec<String>,
    /// Days on which the frozen devices were refused a service: first to last of each stretch.
    pub(crate) without: Vec<Stretch>,
    /// The same for devices with the product.
    pub(crate) with: Vec<Stretch>,
    /// Handshakes that devices with the product made.
    pub(crate) handshakes: usize,
    /// The release that its device has in the end.
    pub(crate) release: u64,
}

/// Days on end on which a service was out of reach.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stretch {
    /// The service.
    pub(crate) service: String,
    /// The first day.
    pub(crate) from: Day,
    /// The first day on which it was there again; none where it never was.
    pub(crate) until: Option<Day>,
    /// What the client said on the first day.
    pub(crate) because: String,
}

/// A finding that had to come.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Met {
    /// What was expected.
    #[serde(flatten)]
    pub(crate) expected: Expected,
    /// The day on which it came.
    pub(crate) came: Option<Day>,
}

/// A loss that the forecast tells of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Loss {
    /// The day.
    pub(crate) day: String,
    /// The root.
    pub(crate) name: String,
    /// The rule.
    pub(crate) kind: String,
    /// Who says so.
    pub(crate) basis: String,
    /// Since when it can be known.
    pub(crate) known_since: String,
}

/// What a source said of a real certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Heard {
    /// When it was heard first.
    pub(crate) day: Day,
    /// The source.
    pub(crate) source: String,
    /// What it said.
    pub(crate) what: String,
    /// The certificate.
    pub(crate) certificate: String,
}

/// What the operator did, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Acted {
    /// When.
    pub(crate) day: Day,
    /// Why.
    pub(crate) reason: String,
    /// What came.
    pub(crate) added: Vec<String>,
    /// What left.
    pub(crate) removed: Vec<String>,
    /// Customers of whom the notice said that they need do nothing.
    pub(crate) need_do_nothing: Vec<String>,
    /// Customers who would lose a service by it, as the coverage matrix has it.
    pub(crate) would_lose: Vec<String>,
    /// Why it was not published.
    pub(crate) refused: Option<String>,
}

/// Why a certificate is trusted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Explained {
    /// The certificate.
    pub(crate) name: String,
    /// What `explain` answers.
    pub(crate) answer: serde_json::Value,
}
