//! What the command `openssl` says of a certificate.

use std::{
    io::Write as _,
    net::IpAddr,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fuzz::differential::{ABSENT, Field, Reading, hexadecimal, list, yes};

const EXTENSIONS: &str =
    "basicConstraints,keyUsage,extendedKeyUsage,subjectAltName,nameConstraints,subjectKeyIdentifier";

/// Runs `openssl` with this on its standard input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("openssl cannot be run: {error}"));
    // A program that has had enough does not read to the end.
    drop(child.stdin.take().unwrap().write_all(input));
    child.wait_with_output().unwrap()
}

/// What it reads; `None` where it takes the bytes for no certificate, or its key for none.
pub(crate) fn read(der: &[u8]) -> Option<Reading> {
    let output = run(
        &[
            "x509",
            "-inform",
            "DER",
            "-noout",
            "-serial",
            "-startdate",
            "-enddate",
            "-dateopt",
            "iso_8601",
            "-pubkey",
            "-ext",
            EXTENSIONS,
        ],
        der,
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || !text.contains("notAfter=") {
        return None;
    }
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let (_, key) = text.split_once("-----BEGIN PUBLIC KEY-----")?;
    let key: String = key.split_once("-----END")?.0.split_whitespace().collect();
    let mut reading = Reading::from([(Field::Spki, hexadecimal(&STANDARD.decode(key).ok()?))]);
    if let Some(serial) = serial(&value("serial=")?) {
        reading.insert(Field::Serial, serial);
    }
    for (field, name) in [(Field::NotBefore, "notBefore="), (Field::NotAfter, "notAfter=")] {
        if let Some(seconds) = seconds(&value(name)?) {
            reading.insert(field, seconds);
        }
    }
    let extension = |name: &str| extension(&text, name);
    reading.extend(names(extension("Subject Alternative Name")));
    reading.extend(constraints(extension("Basic Constraints")));
    reading.extend(usage(extension("Key Usage")));
    reading.extend(purposes(extension("Extended Key Usage")));
    reading.extend(name_constraints(extension("Name Constraints")));
    let id = extension("Subject Key Identifier");
    let id = id.map_or_else(|| ABSENT.to_owned(), |lines| lines[0].replace(':', "").to_lowercase());
    reading.insert(Field::SubjectKeyId, id);
    Some(reading)
}

/// The lines of an extension, without their indentation; `None` where it is not there.
fn extension(text: &str, name: &str) -> Option<Vec<String>> {
    let mut lines = text.lines();
    lines.find(|line| {
        line.strip_prefix("X509v3 ").is_some_and(|line| line.starts_with(&format!("{name}:")))
    })?;
    let own: Vec<String> =
        lines.take_while(|line| line.starts_with(' ')).map(|line| line.trim().to_owned()).collect();
    (!own.is_empty()).then_some(own)
}

/// As it is encoded: with a zero in front where it would be negative else. One that is negative is said without its
/// encoding, and cannot be compared.
fn serial(text: &str) -> Option<String> {
    let digits = text.to_lowercase();
    let is_high = digits.starts_with(|digit: char| matches!(digit, '8'..='9' | 'a'..='f'));
    match digits.strip_prefix('-') {
        Some(_) => None,
        None if is_high => Some(format!("00{digits}")),
        None => Some(digits),
    }
}

/// Seconds since 1970 of a date as ISO 8601 has it; `None` where it is before.
fn seconds(text: &str) -> Option<String> {
    let number = |range: core::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + day_of_era - 719_468;
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second).max(0).to_string())
}

fn names(lines: Option<Vec<String>>) -> Vec<(Field, String)> {
    let text = lines.unwrap_or_default().join(" ");
    let parts: Vec<&str> = text.split(", ").collect();
    let dns = parts.iter().filter_map(|part| part.strip_prefix("DNS:"));
    let addresses: Option<Vec<Vec<u8>>> =
        parts.iter().filter_map(|part| part.strip_prefix("IP Address:")).map(octets).collect();
    let mut found = vec![(Field::DnsNames, list(dns))];
    if let Some(addresses) = addresses {
        found.push((Field::Addresses, list(addresses)));
    }
    found
}

fn octets(text: &str) -> Option<Vec<u8>> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    })
}

fn constraints(lines: Option<Vec<String>>) -> Vec<(Field, String)> {
    let text = lines.unwrap_or_default().join(" ");
    let length = text.split_once("pathlen:").map_or(ABSENT, |(_, length)| length);
    vec![(Field::PathLength, length.to_owned())]
}

fn usage(lines: Option<Vec<String>>) -> Vec<(Field, String)> {
    let may_sign = lines.is_none_or(|lines| lines.join(" ").contains("Certificate Sign"));
    vec![(Field::MaySignCertificates, yes(may_sign))]
}

fn purposes(lines: Option<Vec<String>>) -> Vec<(Field, String)> {
    const KNOWN: [(&str, &str); 9] = [
        ("Any Extended Key Usage", "2.5.29.37.0"),
        ("TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"),
        ("TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2"),
        ("Code Signing", "1.3.6.1.5.5.7.3.3"),
        ("E-mail Protection", "1.3.6.1.5.5.7.3.4"),
        ("Time Stamping", "1.3.6.1.5.5.7.3.8"),
        ("OCSP Signing", "1.3.6.1.5.5.7.3.9"),
        ("Microsoft Smartcard Login", "1.3.6.1.4.1.311.20.2.2"),
        ("Microsoft Smartcardlogin", "1.3.6.1.4.1.311.20.2.2"),
    ];
    let Some(lines) = lines else { return vec![(Field::ExtendedKeyUsage, ABSENT.to_owned())] };
    let text = lines.join(" ");
    let number = |part: &str| KNOWN.iter().find(|(name, _)| *name == part).map(|(_, oid)| (*oid).to_owned());
    // A purpose that has another name there, or none, cannot be compared.
    let mut numbers: Vec<String> = match text.split(", ").map(number).collect() {
        Some(numbers) => numbers,
        None => return Vec::new(),
    };
    numbers.sort();
    numbers.dedup();
    vec![(Field::ExtendedKeyUsage, numbers.join(" "))]
}

/// The content of name constraints, put together again from what is said of them.
fn name_constraints(lines: Option<Vec<String>>) -> Vec<(Field, String)> {
    let Some(lines) = lines else { return vec![(Field::NameConstraints, ABSENT.to_owned())] };
    let (mut content, mut list): (Vec<u8>, Option<(u8, Vec<u8>)>) = (Vec::new(), None);
    for line in &lines {
        let tag = match line.as_str() {
            "Permitted:" => Some(0xa0),
            "Excluded:" => Some(0xa1),
            _ => None,
        };
        if let Some(tag) = tag {
            content.extend(list.take().map(|(tag, inner)| element(tag, &inner)).unwrap_or_default());
            list = Some((tag, Vec::new()));
            continue;
        }
        // A kind of name that cannot be put together again cannot be compared.
        let (Some(subtree), Some((_, inner))) = (subtree(line), list.as_mut()) else { return Vec::new() };
        inner.extend(element(0x30, &subtree));
    }
    content.extend(list.map(|(tag, inner)| element(tag, &inner)).unwrap_or_default());
    vec![(Field::NameConstraints, hexadecimal(&content))]
}

fn subtree(line: &str) -> Option<Vec<u8>> {
    let (kind, value) = line.split_once(':')?;
    match kind {
        "DNS" => Some(element(0x82, value.as_bytes())),
        "email" => Some(element(0x81, value.as_bytes())),
        "IP" => {
            let (address, mask) = value.split_once('/')?;
            Some(element(0x87, &[octets(address)?, octets(mask)?].concat()))
        }
        _ => None,
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => [&[tag, length], content].concat(),
        Ok(length) => [&[tag, 0x81, length], content].concat(),
        Err(_) => {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        }
    }
}
