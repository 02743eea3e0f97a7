//! Rules about what a certificate may sign, and for whom.

use crate::lint::rule::rules;

rules! { RULES:
    NOT_CA "not-ca" "not_ca" Error Certificate,
        "Basic constraints and key usage let it issue certificates",
        "RFC 5280 §4.2.1.9, §4.2.1.3",
        "take the certificate of the CA above it";
    BASIC_CONSTRAINTS_NOT_CRITICAL "basic-constraints-not-critical" "basic_constraints_not_critical" Warning Certificate,
        "Basic constraints of a CA are critical",
        "RFC 5280 §4.2.1.9; Baseline Requirements §7.1.2.10.4",
        "see that every verifier of the fleet reads them all the same";
    MISSING_KEY_USAGE "missing-key-usage" "missing_key_usage" Warning Certificate,
        "A CA says what its key is for",
        "RFC 5280 §4.2.1.3; Baseline Requirements §7.1.2.10.7",
        "ask the CA for the root that followed it";
    KEY_USAGE_NOT_CRITICAL "key-usage-not-critical" "key_usage_not_critical" Notice Certificate,
        "Key usage of a CA is critical",
        "RFC 5280 §4.2.1.3 (SHOULD); Baseline Requirements §7.1.2.10.7",
        "nothing for devices, which read it all the same";
    NO_CRL_SIGN "no-crl-sign" "no_crl_sign" Notice Certificate,
        "The key usage of a CA holds cRLSign",
        "Baseline Requirements §7.1.2.10.7",
        "nothing for devices, which read no revocation lists";
    USAGE_FOREIGN_TO_CA "usage-foreign-to-ca" "usage_foreign_to_ca" Warning Certificate,
        "The key usage of a CA holds nothing but keyCertSign, cRLSign and digitalSignature",
        "Baseline Requirements §7.1.2.10.7",
        "ask the CA what else its key does: it is exposed by that";
    PATH_LENGTH_WITHOUT_CA "path-length-without-ca" "path_length_without_ca" Warning Certificate,
        "A path length stands only where cA and keyCertSign do",
        "RFC 5280 §4.2.1.9",
        "report it to the CA";
    PATH_LENGTH_OF_ROOT "path-length-of-root" "path_length_of_root" Notice Certificate,
        "A root has no path length: as an anchor's, some verifiers keep to it and others do not",
        "Baseline Requirements §7.1.2.1.4 (NOT RECOMMENDED); RFC 5280 §6.2",
        "try the longest chain of its services with the applications' stacks";
    NAME_CONSTRAINTS_FORM "name-constraints-form" "name_constraints_form" Error Certificate,
        "Name constraints have a subtree, no minimum or maximum, names that are host names, and networks of address and mask",
        "RFC 5280 §4.2.1.10; Baseline Requirements §7.1.2.10.8",
        "report it to the CA: verifiers refuse every chain through it, or none";
    NAME_CONSTRAINTS_LEADING_DOT "name-constraints-leading-dot" "name_constraints_leading_dot" Warning Certificate,
        "A host name in name constraints has no dot in front: that is a form of URIs",
        "RFC 5280 §4.2.1.10; Baseline Requirements §7.1.2.10.8",
        "try its services with the applications' stacks: some refuse every name under it";
    NAME_CONSTRAINTS_OUTSIDE_CA "name-constraints-outside-ca" "name_constraints_outside_ca" Warning Certificate,
        "Only a CA has name constraints",
        "RFC 5280 §4.2.1.10",
        "report it to the CA";
    NAME_CONSTRAINTS_NOT_CRITICAL "name-constraints-not-critical" "name_constraints_not_critical" Notice Certificate,
        "Name constraints are critical",
        "RFC 5280 §4.2.1.10; Baseline Requirements §7.1.2.10.8 (SHOULD)",
        "see that every verifier of the fleet keeps to them";
    NAME_CONSTRAINTS_OF_ANCHOR "name-constraints-of-anchor" "name_constraints_of_anchor" Warning Certificate,
        "An anchor limits names in its record: of a root's own name constraints, some verifiers know nothing",
        "RFC 5280 §6.2; Chrome Root Store, enforce_anchor_constraints",
        "write the same subtrees into the anchor's record: devices keep to those";
    MISSING_SUBJECT_KEY_ID "missing-subject-key-id" "missing_subject_key_id" Notice Certificate,
        "A CA has a subject key identifier",
        "RFC 5280 §4.2.1.2",
        "nothing: chains are built by name then";
    MISSING_AUTHORITY_KEY_ID "missing-authority-key-id" "missing_authority_key_id" Notice Certificate,
        "A certificate that another CA signed has the key identifier of that CA",
        "RFC 5280 §4.2.1.1",
        "nothing: chains are built by name then";
    PURPOSES_OF_ROOT "purposes-of-root" "purposes_of_root" Notice Certificate,
        "A root has no extended key usage",
        "Baseline Requirements §7.1.2.1.2",
        "give the anchor its purposes in its record: of a root's own, verifiers know nothing";
    MISSING_PURPOSES "missing-purposes" "missing_purposes" Notice Certificate,
        "An intermediate says what it issues for",
        "Baseline Requirements §7.1.2.10.6; Mozilla Root Store Policy §5.3",
        "nothing for devices; ask the CA for its successor";
    ANY_PURPOSE "any-purpose" "any_purpose" Warning Certificate,
        "An intermediate does not issue for any purpose whatever",
        "Baseline Requirements §7.1.2.10.6; Mozilla Root Store Policy §5.3",
        "expect it to be replaced at short notice";
    NOT_FOR_SERVERS "not-for-servers" "not_for_servers" Warning Certificate,
        "An intermediate of a TLS service issues for TLS servers",
        "RFC 5280 §4.2.1.12",
        "leave it out, unless its services are something else than TLS servers";
    OCSP_SIGNING_WITHOUT_NOCHECK "ocsp-signing-without-nocheck" "ocsp_signing_without_nocheck" Error Certificate,
        "An intermediate with the purpose OCSPSigning has the extension id-pkix-ocsp-nocheck: it is a responder for \
         its issuer, whose answers could not be revoked otherwise",
        "Baseline Requirements §4.9.9; RFC 6960 §4.2.2.2.1",
        "expect it to be revoked within seven days (Baseline Requirements §4.9.1.2), as hundreds were in July 2020: never \
         pin it, and take the root above it";
    OCSP_SIGNING_CA "ocsp-signing-ca" "ocsp_signing_ca" Warning Certificate,
        "No CA has the purpose OCSPSigning",
        "Baseline Requirements §7.1.2.10.6",
        "expect it to be replaced at short notice: never pin it";
}
