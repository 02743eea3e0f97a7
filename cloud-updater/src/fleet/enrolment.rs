//! The list of devices an operator hands in: a CSV file, read whole, with every fault in it named.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::limits::DEVICE_ID_BYTES_MAX;
use bundle::{Algorithm, Key};
use csv::{ReaderBuilder, StringRecord, Trim};

use super::device::Device;

/// Most devices in one file: what one transaction takes in a few seconds.
const DEVICES_MAX: usize = 1_000_000;

/// Faults reported at once; a file with the columns swapped has one in each row.
const FAULTS_MAX: usize = 50;

/// Bytes of a class, site or group name: a column of a table.
const NAME_BYTES_MAX: usize = 64;

/// Groups of one device: as many as a head can name.
const GROUPS_MAX: usize = bundle::limits::GROUPS_MAX;

/// What the header line must name.
const NEEDED: [&str; 2] = ["device_id", "public_key"];

/// What it may name beside that.
const OPTIONAL: [&str; 3] = ["class", "site", "groups"];

/// One fault of a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line in the file, from 1; 0 where the file as a whole is at fault.
    pub line: u64,
    /// The column's name, where one is at fault.
    pub column: Option<String>,
    /// What is wrong, as a phrase that follows the place.
    pub message: String,
}

/// The devices of a file and where in it they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Enrolment {
    /// The devices, in the file's order.
    pub devices: Vec<Device>,
    /// The line of each.
    pub lines: Vec<u64>,
}

/// The devices of `file`.
///
/// # Errors
/// Every fault of every row, up to fifty.
pub(super) fn read(file: impl Read) -> Result<Enrolment, Vec<Fault>> {
    let mut reader =
        ReaderBuilder::new().flexible(true).trim(Trim::All).comment(Some(b'#')).from_reader(file);
    let header = reader.headers().cloned().map_err(|error| vec![unreadable(&error)])?;
    let columns = Columns::of(&header)?;
    let mut listing = Listing::default();
    for record in reader.records() {
        if listing.faults.len() >= FAULTS_MAX || listing.enrolment.devices.len() >= DEVICES_MAX {
            break;
        }
        match record {
            // Lists of single devices, each with its own header line, may simply be joined.
            Ok(record) if record == header => {}
            Ok(record) => listing.row(&columns, &record),
            Err(error) => listing.faults.push(unreadable(&error)),
        }
    }
    let count = listing.enrolment.devices.len();
    if count >= DEVICES_MAX {
        listing.faults.push(whole_file(format!("more than {DEVICES_MAX} devices: split it")));
    } else if listing.faults.is_empty() && count == 0 {
        listing.faults.push(whole_file("names no device".to_owned()));
    }
    if listing.faults.is_empty() { Ok(listing.enrolment) } else { Err(listing.faults) }
}

/// A device's public key from its text: 32 bytes of Ed25519 in base64.
///
/// # Errors
/// What is wrong with it, as a phrase.
pub(super) fn public_key(text: &str) -> Result<[u8; 32], String> {
    let bytes = STANDARD.decode(text).map_err(|_| "is not base64".to_owned())?;
    let length = bytes.len();
    let bytes =
        <[u8; 32]>::try_from(bytes).map_err(|_| format!("is {length} bytes, an Ed25519 key is 32"))?;
    let key = Key { algorithm: Algorithm::ED25519, bytes: &bytes, name: "" };
    key.check().map_err(|defect| defect.to_string())?;
    Ok(bytes)
}

/// Where each field stands.
struct Columns {
    device_id: usize,
    public_key: usize,
    class: Option<usize>,
    site: Option<usize>,
    groups: Option<usize>,
    count: usize,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, Vec<Fault>> {
        let line = header.position().map_or(1, csv::Position::line);
        let place = |name: &str| header.iter().position(|column| column == name);
        let mut faults = Vec::new();
        for (index, column) in header.iter().enumerate() {
            let known = NEEDED.contains(&column) || OPTIONAL.contains(&column);
            let fault =
                |message: &str| Fault { line, column: Some(column.to_owned()), message: message.to_owned() };
            if !known {
                faults
                    .push(fault("is not a column of this file: device_id, public_key, class, site, groups"));
            } else if header.iter().take(index).any(|earlier| earlier == column) {
                faults.push(fault("stands there twice"));
            }
        }
        for name in NEEDED.iter().filter(|name| place(name).is_none()) {
            faults.push(Fault { line, column: Some((*name).to_owned()), message: "is missing".to_owned() });
        }
        match (place("device_id"), place("public_key")) {
            (Some(device_id), Some(public_key)) if faults.is_empty() => Ok(Self {
                device_id,
                public_key,
                class: place("class"),
                site: place("site"),
                groups: place("groups"),
                count: header.len(),
            }),
            _ => Err(faults),
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Listing {
    enrolment: Enrolment,
    faults: Vec<Fault>,
    lines_by_id: HashMap<String, u64>,
    lines_by_key: HashMap<[u8; 32], u64>,
}

impl Listing {
    fn row(&mut self, columns: &Columns, record: &StringRecord) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.count {
            let message = format!("has {} fields, the header names {}", record.len(), columns.count);
            self.faults.push(Fault { line, column: None, message });
            return;
        }
        let before = self.faults.len();
        let field = |index: usize| record.get(index).unwrap_or_default();
        let id = field(columns.device_id);
        self.check(line, "device_id", device_id(id));
        let key = self.check(line, "public_key", public_key(field(columns.public_key)));
        let class = self.check(line, "class", name(columns.class.map_or("", field)));
        let site = self.check(line, "site", name(columns.site.map_or("", field)));
        let groups = self.check(line, "groups", groups(columns.groups.map_or("", field)));
        if let Some(earlier) = self.lines_by_id.insert(id.to_owned(), line) {
            self.fault(line, "device_id", format!("stands on line {earlier} already"));
        }
        if let Some(earlier) = key.and_then(|key| self.lines_by_key.insert(key, line)) {
            let message = format!("is the key of line {earlier} too: every device has a key of its own");
            self.fault(line, "public_key", message);
        }
        if self.faults.len() == before
            && let (Some(public_key), Some(class), Some(site), Some(groups)) = (key, class, site, groups)
        {
            self.enrolment.devices.push(Device { id: id.to_owned(), public_key, class, site, groups });
            self.enrolment.lines.push(line);
        }
    }

    fn check<T>(&mut self, line: u64, column: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.fault(line, column, message)).ok()
    }

    fn fault(&mut self, line: u64, column: &str, message: String) {
        self.faults.push(Fault { line, column: Some(column.to_owned()), message });
    }
}

fn device_id(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("is empty".to_owned())
    } else if text.len() > DEVICE_ID_BYTES_MAX {
        Err(format!("is {} bytes, at most {DEVICE_ID_BYTES_MAX} are allowed", text.len()))
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("may hold only printable ASCII without spaces".to_owned())
    } else {
        Ok(())
    }
}

/// A class or site: nothing, or a short name.
fn name(text: &str) -> Result<Option<String>, String> {
    if text.len() > NAME_BYTES_MAX {
        return Err(format!("is {} bytes, at most {NAME_BYTES_MAX} are allowed", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Group names, separated by `;`.
fn groups(text: &str) -> Result<Vec<String>, String> {
    let mut groups = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let group = name(part)?.unwrap_or_default();
        if groups.contains(&group) {
            return Err(format!("names {group} twice"));
        }
        groups.push(group);
    }
    if groups.len() > GROUPS_MAX {
        return Err(format!("names {} groups, at most {GROUPS_MAX} are allowed", groups.len()));
    }
    Ok(groups)
}

fn unreadable(error: &csv::Error) -> Fault {
    let line = error.position().map_or(0, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        csv::ErrorKind::Io(source) => format!("cannot be read: {source}"),
        _ => "is not CSV".to_owned(),
    };
    Fault { line, column: None, message }
}

fn whole_file(message: String) -> Fault {
    Fault { line: 0, column: None, message }
}

impl Fault {
    /// Where it is: line and column.
    #[must_use]
    pub fn place(&self) -> String {
        match (self.line, &self.column) {
            (0, _) => "the file".to_owned(),
            (line, Some(column)) => format!("line {line}, {column}"),
            (line, None) => format!("line {line}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::key_text;

    fn faults(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap_err().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn columns_may_stand_in_any_order_and_optional_ones_may_lack() {
        let text = format!("public_key, device_id\n{}, gateway-1\n", key_text(1));
        let devices = read(text.as_bytes()).unwrap().devices;
        assert_eq!(devices[0].id, "gateway-1");
        assert_eq!((devices[0].class.as_deref(), devices[0].groups.len()), (None, 0));
        let text = format!("device_id,public_key,class,site,groups\na,{},mcu,Oslo 3,x; y\n", key_text(1));
        let devices = read(text.as_bytes()).unwrap().devices;
        assert_eq!(devices[0].site.as_deref(), Some("Oslo 3"));
        assert_eq!(devices[0].groups, ["x", "y"]);
    }

    #[test]
    fn lists_of_single_devices_can_be_joined() {
        let one = |id: &str, seed: u8| format!("device_id,public_key\n{id},{}\n", key_text(seed));
        let devices = read((one("a", 1) + &one("b", 2)).as_bytes()).unwrap().devices;
        assert_eq!(devices.iter().map(|device| device.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn every_bad_row_is_named_with_line_and_column() {
        let good = key_text(1);
        let long = "d".repeat(65);
        let text = format!(
            "device_id,public_key,groups\n\
             a,{good},\n\
             ,{},\n\
             b,not base64!,\n\
             c,AAAA,\n\
             d e,{},x;x\n\
             a,{},\n\
             f,{good},\n\
             g\n\
             {long},{},\n",
            key_text(2),
            key_text(3),
            key_text(4),
            key_text(5),
        );
        assert_eq!(
            faults(&text),
            [
                "line 3, device_id: is empty",
                "line 4, public_key: is not base64",
                "line 5, public_key: is 3 bytes, an Ed25519 key is 32",
                "line 6, device_id: may hold only printable ASCII without spaces",
                "line 6, groups: names x twice",
                "line 7, device_id: stands on line 2 already",
                "line 8, public_key: is the key of line 2 too: every device has a key of its own",
                "line 9: has 1 fields, the header names 3",
                "line 10, device_id: is 65 bytes, at most 64 are allowed",
            ]
        );
    }

    #[test]
    fn a_weak_key_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(public_key(&STANDARD.encode(identity)).unwrap_err().contains("weak"));
    }

    #[test]
    fn the_header_names_what_is_missing_unknown_or_doubled() {
        assert_eq!(
            faults("device_id,key,device_id\n"),
            [
                "line 1, key: is not a column of this file: device_id, public_key, class, site, groups",
                "line 1, device_id: stands there twice",
                "line 1, public_key: is missing",
            ]
        );
    }

    #[test]
    fn a_file_without_devices_is_an_error() {
        assert_eq!(faults("device_id,public_key\n"), ["the file: names no device"]);
        assert_eq!(faults("")[0], "line 1, device_id: is missing");
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line() {
        let mut bytes = b"device_id,public_key\n".to_vec();
        bytes.extend([b'a', 0xff, b',', b'b', b'\n']);
        let faults = read(bytes.as_slice()).unwrap_err();
        assert_eq!(faults[0].to_string(), "line 2: is not UTF-8");
    }

    #[test]
    fn faults_are_reported_up_to_a_bound() {
        let text = "device_id,public_key\n".to_owned() + &"x,y\n".repeat(500);
        assert!(faults(&text).len() <= FAULTS_MAX + 1);
    }
}
