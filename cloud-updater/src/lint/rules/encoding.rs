//! Rules about how a certificate is written.

use crate::lint::rule::rules;

rules! { RULES:
    MALFORMED "malformed" "malformed" Error Certificate,
        "A certificate is one X.509 certificate in DER, with nothing after it",
        "RFC 5280 §4.1; Mozilla Root Store Policy §5.2",
        "fetch it again from its CA's repository";
    TOO_LARGE "too-large" "too_large" Error Certificate,
        "A certificate has at most 8,192 bytes, which is what a bundle carries of one",
        "crates/bundle/SPEC.md, limits",
        "ask the CA for a certificate with fewer extensions";
    UNREADABLE_ON_DEVICES "unreadable-on-devices" "unreadable_on_devices" Error Certificate,
        "The devices' own reader and verifier can take it",
        "crates/chain and rustls-webpki, which devices run",
        "ask the CA for one that keeps to RFC 5280: to devices this one is dead weight";
    MALFORMED_EXTENSION "malformed-extension" "malformed_extension" Error Certificate,
        "Every extension that RFC 5280 defines is encoded as it says",
        "RFC 5280 §4.2.1; Mozilla Root Store Policy §5.2",
        "report it to the CA: verifiers disagree about such a certificate";
    DUPLICATE_EXTENSION "duplicate-extension" "duplicate_extension" Error Certificate,
        "No extension stands there twice",
        "RFC 5280 §4.2",
        "report it to the CA: one verifier reads the first, another the last";
    UNKNOWN_CRITICAL_EXTENSION "unknown-critical-extension" "unknown_critical_extension" Error Certificate,
        "No extension is critical that the devices' verifier does not process: it must refuse the certificate",
        "RFC 5280 §4.2",
        "ask the CA for a certificate without it, or take the one above it as anchor";
    CRITICAL_POLICIES "critical-policies" "critical_policies" Warning Certificate,
        "Policy extensions of an intermediate are not critical: devices do not process policies and refuse its chains",
        "RFC 5280 §4.2; crates/chain/DESIGN.md",
        "take the root above it as anchor, and see that servers send another intermediate";
    OLD_VERSION "old-version" "old_version" Warning Certificate,
        "A CA certificate is of version 3, which has a place to say that it is one",
        "RFC 5280 §4.1.2.1; Baseline Requirements §7.1.1",
        "ask the CA for the root that followed it";
    EXTENSIONS_IN_OLD_VERSION "extensions-in-old-version" "extensions_in_old_version" Error Certificate,
        "A certificate with extensions says version 3",
        "RFC 5280 §4.1.2.1",
        "report it to the CA";
    UNIQUE_IDENTIFIER "unique-identifier" "unique_identifier" Notice Certificate,
        "Unique identifiers of subject and issuer are not used",
        "RFC 5280 §4.1.2.8",
        "ask the CA for one without: the devices' verifier has no place for it";
    SERIAL_NOT_POSITIVE "serial-not-positive" "serial_not_positive" Warning Certificate,
        "The serial number is above zero",
        "RFC 5280 §4.1.2.2; Baseline Requirements §7.1.2",
        "see that every verifier of the fleet takes it: some refuse negative numbers";
    SERIAL_TOO_LONG "serial-too-long" "serial_too_long" Warning Certificate,
        "The serial number has at most 20 octets",
        "RFC 5280 §4.1.2.2",
        "see that every verifier of the fleet takes it: some refuse longer ones";
    SERIAL_PADDED "serial-padded" "serial_padded" Warning Certificate,
        "The serial number is written with as few octets as it needs",
        "X.690 §8.3.2; RFC 5280 §4.1",
        "report it to the CA: it is not DER, and strict verifiers refuse it";
    TIME_ENCODING "time-encoding" "time_encoding" Warning Certificate,
        "Dates through 2049 are UTCTime, later ones GeneralizedTime",
        "RFC 5280 §4.1.2.5",
        "see that every verifier of the fleet takes it";
    ALGORITHMS_DIFFER "algorithms-differ" "algorithms_differ" Error Certificate,
        "The algorithm inside what is signed is the one beside the signature",
        "RFC 5280 §4.1.1.2",
        "fetch it again: nobody verifies this signature";
    EMPTY_SUBJECT "empty-subject" "empty_subject" Error Certificate,
        "A CA's subject is a name and not empty: chains are built by it",
        "RFC 5280 §4.1.2.6; Baseline Requirements §7.1.2.10.2",
        "report it to the CA";
    EMPTY_ISSUER "empty-issuer" "empty_issuer" Error Certificate,
        "The issuer is a name and not empty",
        "RFC 5280 §4.1.2.4",
        "report it to the CA";
}
