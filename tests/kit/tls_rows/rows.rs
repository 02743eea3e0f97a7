//! The rows: chains that are in order, chains that are not, and servers that have nothing in common with the client.

use std::{io, net::IpAddr};

use chain::{Time, pki::Release};
use rcgen::{
    BasicConstraints, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints, SanType,
};

use super::identity::{Algorithm, Holder, Identity, valid};
use super::openssl::sign_request;
use super::{Plan, Row, january, release};
use crate::hostile_tls::{Script, scripts};

/// The server's name in every row that does not ask for another one.
pub(super) const HOST: &str = "hub.azure-devices.example";
/// The year of every question: beyond the certificates that `openssl` dates from the machine's clock, and before
/// the end of all others.
const NOW: i32 = 2_039;
const P256: Algorithm = Algorithm::P256;
const VERIFIED: &str = "verified";
/// What `azure-devices` chains look like: a root, an intermediate, a server.
struct World {
    root: Holder,
    intermediate: Holder,
    server: Holder,
}

impl World {
    fn new(root: Algorithm, intermediate: Algorithm, server: Algorithm) -> io::Result<Self> {
        let root = Holder::root("Row Root", root)?;
        let intermediate = root.intermediate("Row Intermediate", intermediate, |_| {})?;
        let server = intermediate.server(HOST, server, |_| {})?;
        Ok(Self { root, intermediate, server })
    }

    fn p256() -> io::Result<Self> {
        Self::new(P256, P256, P256)
    }

    fn release(&self) -> Release {
        release(&[&self.root], &[])
    }

    fn identity(&self) -> Identity {
        self.server.serving(&[&self.intermediate.certificate])
    }

    fn row(&self, name: &'static str, expect: &'static str) -> Row {
        row(name, self.identity(), self.release(), expect)
    }

    /// A server of this intermediate with something special about it.
    fn edited(
        name: &'static str,
        expect: &'static str,
        edit: impl FnOnce(&mut rcgen::CertificateParams),
    ) -> io::Result<Row> {
        let mut world = Self::p256()?;
        world.server = world.intermediate.server(HOST, P256, edit)?;
        Ok(world.row(name, expect))
    }
}

fn row(name: &'static str, identity: Identity, release: Release, expect: &'static str) -> Row {
    let time = Time::Known(january(NOW));
    Row { name, plan: Plan::OpenSsl(identity, &["-tls1_3"]), server_name: HOST, release, time, expect }
}

/// Every row. Keys are made anew, two of them RSA of 4,096 bits, so it takes a few seconds.
///
/// # Errors
/// `openssl` is missing or a key cannot be made.
pub fn rows() -> io::Result<Vec<Row>> {
    let mut rows = orders()?;
    rows.extend(names()?);
    rows.extend(dates()?);
    rows.extend(authorities()?);
    rows.extend(algorithms()?);
    rows.extend(handshakes()?);
    Ok(rows)
}

/// What is served, in which order, under which anchor.
fn orders() -> io::Result<Vec<Row>> {
    let world = World::p256()?;
    let (root, intermediate, server) = (&world.root, &world.intermediate, &world.server);
    let direct = root.server(HOST, P256, |_| {})?;
    let second = intermediate.intermediate("Row Second Intermediate", P256, |_| {})?;
    let deep = second.server(HOST, P256, |_| {})?;
    let stranger = Holder::root("Row Stranger", P256)?;
    let (root_der, intermediate_der) = (&root.certificate, &intermediate.certificate);
    let alone = || server.serving(&[]);
    Ok(vec![
        row("leaf directly under the root", direct.serving(&[]), world.release(), VERIFIED),
        world.row("leaf and intermediate, anchor is the root", VERIFIED),
        row("leaf only, intermediate missing", alone(), world.release(), "refused chain"),
        row(
            "leaf only, the bundle has the intermediate",
            alone(),
            release(&[root], &[intermediate]),
            VERIFIED,
        ),
        row("leaf only, anchor is the intermediate", alone(), release(&[intermediate], &[]), VERIFIED),
        row(
            "leaf and intermediate, anchor is the intermediate",
            world.identity(),
            release(&[intermediate], &[]),
            VERIFIED,
        ),
        row(
            "leaf, intermediate and root are sent",
            server.serving(&[intermediate_der, root_der]),
            world.release(),
            VERIFIED,
        ),
        row(
            "chain out of order",
            deep.serving(&[intermediate_der, &second.certificate]),
            world.release(),
            VERIFIED,
        ),
        row(
            "unrelated certificate last",
            server.serving(&[intermediate_der, &stranger.certificate]),
            world.release(),
            VERIFIED,
        ),
        row("unknown root", world.identity(), release(&[&stranger], &[]), "refused chain"),
    ])
}

/// Whom the certificate is for.
fn names() -> io::Result<Vec<Row>> {
    let world = World::p256()?;
    let direct = world.root.server(HOST, P256, |_| {})?;
    let asks = |row: Row, server_name| Row { server_name, ..row };
    let names = |names: &[&str]| -> io::Result<Vec<SanType>> {
        names.iter().map(|name| Ok(SanType::DnsName((*name).try_into().map_err(io::Error::other)?))).collect()
    };
    let long = format!("{}.example", "a".repeat(63));
    let four = names(&["one.example", "two.example", "three.example", HOST])?;
    let with_long = names(&[&long, HOST])?;
    let wildcard = names(&["*.azure-devices.example"])?;
    let other = names(&["other.example"])?;
    let address = SanType::IpAddress(IpAddr::from([127, 0, 0, 1]));
    Ok(vec![
        asks(world.row("wrong name", "refused name"), "other.azure-devices.example"),
        asks(
            row("no name is told to the server", direct.serving(&[]), world.release(), "refused name"),
            "127.0.0.1",
        ),
        asks(
            World::edited("address in the certificate", VERIFIED, |leaf| {
                leaf.subject_alt_names = vec![address]
            })?,
            "127.0.0.1",
        ),
        World::edited("common name matches, subject alternative name does not", "refused name", |leaf| {
            leaf.subject_alt_names = other;
        })?,
        World::edited("common name matches, no subject alternative name", "refused name", |leaf| {
            leaf.subject_alt_names = Vec::new();
        })?,
        World::edited("host is the fourth name", VERIFIED, |leaf| leaf.subject_alt_names = four)?,
        World::edited("a name longer than 64 characters", VERIFIED, |leaf| {
            leaf.subject_alt_names = with_long
        })?,
        World::edited("wildcard", VERIFIED, |leaf| leaf.subject_alt_names = wildcard)?,
    ])
}

/// When the certificates are valid, and what is known of the time.
fn dates() -> io::Result<Vec<Row>> {
    let old = World::edited("leaf expired", "refused date", |leaf| valid(leaf, 2_020..2_025))?;
    let unborn = || World::edited("leaf not yet valid", "refused date", |leaf| valid(leaf, 2_039..2_040));
    let unborn_now = Row { time: Time::Known(january(2_038)), ..unborn()? };
    let unknown = |row: Row, name, floor, expect| {
        let time = Time::Unknown { floor: january(floor) };
        Row { name, time, expect, ..row }
    };
    let root = Holder::root("Row Root", P256)?;
    let intermediate = root.intermediate("Row Intermediate", P256, |params| valid(params, 2_020..2_025))?;
    let under_old = intermediate.server(HOST, P256, |_| {})?.serving(&[&intermediate.certificate]);
    let old_root = Holder::root_valid("Row Root", P256, 2_020..2_030)?;
    let under_old_root = old_root.server(HOST, P256, |_| {})?.serving(&[]);
    let expired = || World::edited("", "", |leaf| valid(leaf, 2_020..2_025));
    Ok(vec![
        old,
        unborn_now,
        row("intermediate expired", under_old, release(&[&root], &[]), "refused date"),
        row("anchor expired", under_old_root, release(&[&old_root], &[]), "refused date"),
        unknown(expired()?, "clock unknown, leaf expired before the floor", 2_026, "refused date"),
        unknown(expired()?, "clock unknown, leaf expires after the floor", 2_024, VERIFIED),
        unknown(unborn()?, "clock unknown, leaf begins after the floor", 2_026, VERIFIED),
        unknown(World::p256()?.row("", ""), "clock unknown, leaf valid", 2_026, VERIFIED),
    ])
}

/// Who signed, and whether they may.
fn authorities() -> io::Result<Vec<Row>> {
    let world = World::p256()?;
    let impostor = world.server.server(HOST, P256, |_| {})?;
    let under_leaf = impostor.serving(&[&world.server.certificate, &world.intermediate.certificate]);
    let short =
        |params: &mut rcgen::CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let narrow = |params: &mut rcgen::CertificateParams| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("elsewhere.example".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    };
    let first = world.root.intermediate("Row Short", P256, short)?;
    let second = first.intermediate("Row Second", P256, |_| {})?;
    let too_deep = second.server(HOST, P256, |_| {})?.serving(&[&second.certificate, &first.certificate]);
    let narrowed = world.root.intermediate("Row Narrow", P256, narrow)?;
    let outside = narrowed.server(HOST, P256, |_| {})?.serving(&[&narrowed.certificate]);
    Ok(vec![
        row("issuer is a server's certificate", under_leaf, world.release(), "refused chain"),
        World::edited("extended key usage is clientAuth only", "refused purpose", |leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })?,
        row("path length 0 exceeded", too_deep, world.release(), "refused chain"),
        row("name constraint violated", outside, world.release(), "refused chain"),
    ])
}

/// What the keys and signatures are.
fn algorithms() -> io::Result<Vec<Row>> {
    use Algorithm::{Ed25519, P384, Rsa2048, Rsa4096};
    let all = |name, root, intermediate, server| -> io::Result<Row> {
        Ok(World::new(root, intermediate, server)?.row(name, VERIFIED))
    };
    let mut rows = vec![
        all("RSA 2048 chain", Rsa2048, Rsa2048, Rsa2048)?,
        all("RSA 4096 chain with SHA-384", Rsa4096, Rsa4096, Rsa2048)?,
        all("P-256 leaf under an RSA authority", Rsa2048, Rsa2048, P256)?,
        all("P-384 chain with SHA-384", P384, P384, P384)?,
        all("Ed25519 chain", Ed25519, Ed25519, Ed25519)?,
    ];
    for (name, algorithm, digest) in [
        ("P-384 authority signs with SHA-256", P384, "-sha256"),
        ("P-256 authority signs with SHA-384", P256, "-sha384"),
    ] {
        let root = Holder::root("Row Root", algorithm)?;
        let server = root.server(HOST, P256, |_| {})?;
        let again = sign_request(&server.request_pem()?, &root, digest)?;
        let identity = Identity { leaf: again, ..server.serving(&[]) };
        rows.push(row(name, identity, release(&[&root], &[]), VERIFIED));
    }
    // The same name, another key: the signature's algorithm does not even fit the anchor's key.
    let (signer, anchor) = (Holder::root("Row Root", Ed25519)?, Holder::root("Row Root", P256)?);
    let forged = signer.server(HOST, P256, |leaf| leaf.distinguished_name.push(DnType::CommonName, HOST))?;
    let name = "leaf signed with Ed25519, authority's key is P-256";
    rows.push(row(name, forged.serving(&[]), release(&[&anchor], &[]), "refused chain"));
    Ok(rows)
}

/// What the handshake itself is like.
fn handshakes() -> io::Result<Vec<Row>> {
    let world = World::p256()?;
    let with = |name, arguments, expect| {
        let plan = Plan::OpenSsl(world.identity(), arguments);
        Row { plan, ..world.row(name, expect) }
    };
    let unproven = Plan::Hostile("no_certificate", world.identity());
    Ok(vec![
        with(
            "AES-256-GCM with SHA-384 only",
            &["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
            VERIFIED,
        ),
        with("server wants X25519 only", &["-tls1_3", "-groups", "X25519"], "failed tls_nothing_in_common"),
        with("server wants P-384 only", &["-tls1_3", "-groups", "P-384"], "failed tls_nothing_in_common"),
        with("server speaks TLS 1.2 only", &["-tls1_2"], "failed tls_version"),
        with("server asks for a client certificate", &["-tls1_3", "-verify", "1", "-verify_quiet"], VERIFIED),
        Row {
            plan: unproven,
            ..world.row("no Certificate and no CertificateVerify", "failed tls_unauthenticated")
        },
    ])
}

/// A row for every script of the hostile server.
///
/// # Errors
/// A key cannot be made.
pub fn hostile_rows() -> io::Result<Vec<Row>> {
    let world = World::p256()?;
    let row = |script: Script| {
        let plan = Plan::Hostile(script.name, world.identity());
        Row { plan, ..world.row(script.name, script.expect) }
    };
    Ok(scripts().into_iter().map(row).collect())
}
