//! Rules about a certificate's key, signature and dates, and about certificates beside each other.

use crate::lint::rule::rules;

rules! { RULES:
    EXPIRED "expired" "expired" Error Certificate,
        "notAfter has not passed",
        "RFC 5280 §4.1.2.5, §6.1.3",
        "ask the CA for the root that followed it";
    NOT_YET_VALID "not-yet-valid" "not_yet_valid" Error Certificate,
        "notBefore has come",
        "RFC 5280 §4.1.2.5, §6.1.3",
        "add it when its time has come";
    EXPIRING "expiring" "expiring" Warning Certificate,
        "A certificate that is relied on is good for another 90 days: time for a successor, a release and a rollout",
        "RFC 5280 §4.1.2.5; DESIGN.md, Lint",
        "add its successor now, and retire it";
    VALIDITY_INVERTED "validity-inverted" "validity_inverted" Error Certificate,
        "notAfter is not before notBefore",
        "RFC 5280 §4.1.2.5",
        "report it to the CA: it was never valid";
    LONG_ROOT_VALIDITY "long-root-validity" "long_root_validity" Notice Certificate,
        "A root of today is valid for at most 9,132 days, 25 years",
        "Baseline Requirements §7.1.2.1.1",
        "plan for its successor: root programmes drop it long before its end";
    LEAVES_ROOT_PROGRAM "leaves-root-program" "leaves_root_program" Notice Certificate,
        "No root program drops the root within a year by the age of its key",
        "Mozilla Root Store Policy §7.4",
        "ask the CA which root follows; servers that browsers reach will move there before that day";
    WEAK_KEY "weak-key" "weak_key" Error Certificate,
        "RSA has 2,048 to 8,192 bits; curves are those that devices verify: P-256, P-384, Ed25519",
        "Baseline Requirements §6.1.5; Mozilla Root Store Policy §5.1",
        "ask the CA for a root with a stronger key";
    WEAK_MODULUS "weak-modulus" "weak_modulus" Error Certificate,
        "An RSA modulus has no factor below 752",
        "Baseline Requirements §6.1.6",
        "distrust it: whoever can divide has its private key";
    WEAK_EXPONENT "weak-exponent" "weak_exponent" Error Certificate,
        "The public exponent of RSA is odd and at least 3",
        "Baseline Requirements §6.1.6; RFC 8017 §3.1",
        "distrust it: such a key signs nothing";
    SMALL_EXPONENT "small-exponent" "small_exponent" Notice Certificate,
        "The public exponent of RSA is at least 65,537",
        "Baseline Requirements §6.1.6 (SHOULD)",
        "nothing, where every verifier of the fleet checks paddings as RFC 8017 has it";
    ODD_KEY_SIZE "odd-key-size" "odd_key_size" Notice Certificate,
        "The bits of an RSA modulus can be divided by 8",
        "Baseline Requirements §6.1.5",
        "see that hardware of the fleet takes it";
    WEAK_SIGNATURE "weak-signature" "weak_signature" Error Certificate,
        "A signature that somebody verifies is made with SHA-256 or better; a root's over itself is verified by nobody",
        "Baseline Requirements §7.1.3.2; Mozilla Root Store Policy §5.1.3",
        "ask the CA for one that is signed with SHA-256 or better";
    SHA1_SELF_SIGNATURE "sha1-self-signature" "sha1_self_signature" Notice Certificate,
        "A root signs itself with SHA-256 or better",
        "Baseline Requirements §7.1.3.2.1 (new roots)",
        "nothing for devices; some stacks refuse to load it at their strictest level";
    DUPLICATE "duplicate" "duplicate" Error Set,
        "A certificate stands there once; allowing it on import replaces what is recorded about it",
        "DESIGN.md, Import",
        "leave it out, it is there already";
    DUPLICATE_KEY "duplicate-key" "duplicate_key" Notice Set,
        "No two certificates have one key: denying the key hits both",
        "RFC 5280 §4.1.2.7; RFC 7469 §2.4",
        "distrust one of them by certificate, never by key, unless both are meant";
    DUPLICATE_SUBJECT "duplicate-subject" "duplicate_subject" Warning Set,
        "No two keys have one name: some stacks stop at the first certificate of a name",
        "RFC 5280 §4.1.2.6, §6.1; OpenSSL's hashed directories",
        "try the applications' stacks with both, or keep one";
    DUPLICATE_SERIAL "duplicate-serial" "duplicate_serial" Warning Set,
        "No issuer gives a serial number twice",
        "RFC 5280 §4.1.2.2; Mozilla Root Store Policy §5.2",
        "report it to the CA: NSS refuses to load the second one";
}
