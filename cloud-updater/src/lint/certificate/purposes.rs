//! What it issues for: extended key usage, and the fault of July 2020.

use x509_parser::asn1_rs::{Oid, oid};

use super::{Look, Role};
use crate::lint::rule::Problem;
use crate::lint::rules::issuing::{
    ANY_PURPOSE, MISSING_PURPOSES, NOT_FOR_SERVERS, OCSP_SIGNING_CA, OCSP_SIGNING_WITHOUT_NOCHECK,
    PURPOSES_OF_ROOT,
};

/// id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1).
const OCSP_NOCHECK: Oid<'static> = oid!(1.3.6.1.5.5.7.48.1.5);

pub(super) fn examine(look: &Look<'_>, problems: &mut Vec<Problem>) {
    // What is malformed or stands there twice is named elsewhere; what is no CA issues for nobody.
    let (Ok(purposes), Ok(Some(basic))) = (look.x509.extended_key_usage(), look.x509.basic_constraints())
    else {
        return;
    };
    if !basic.value.ca {
        return;
    }
    let is_root = look.is_self_issued;
    let Some(purposes) = purposes.map(|extension| extension.value) else {
        if !is_root && look.role == Role::Intermediate {
            problems.push(MISSING_PURPOSES.broken("does not say what it issues for"));
        }
        return;
    };
    if is_root {
        problems.push(PURPOSES_OF_ROOT.broken("is a root with an extended key usage"));
    } else if purposes.any {
        problems.push(ANY_PURPOSE.broken("issues for any purpose"));
    } else if !purposes.server_auth {
        problems.push(NOT_FOR_SERVERS.broken("does not issue for TLS servers"));
    }
    if !purposes.ocsp_signing {
        return;
    }
    // A root answers for nobody above it; an intermediate that may sign answers speaks for its issuer.
    problems.push(OCSP_SIGNING_CA.broken("is a CA that may answer for its issuer (OCSPSigning)"));
    if !is_root && !look.x509.extensions().iter().any(|extension| extension.oid == OCSP_NOCHECK) {
        let message = "may answer for its issuer (OCSPSigning), and has no id-pkix-ocsp-nocheck";
        problems.push(OCSP_SIGNING_WITHOUT_NOCHECK.broken(message));
    }
}
