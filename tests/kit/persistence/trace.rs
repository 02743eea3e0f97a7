//! System calls of a program, as `strace` writes them down.
//!
//! `strace` is the recorder because it sees what the kernel was asked for, whatever library asked: a list kept by our
//! own code would only show what we believe.

use std::collections::BTreeMap;

/// One finished system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The thread that called.
    pub thread: u32,
    /// The call's name.
    pub name: String,
    /// Its arguments, as far as they are written out.
    pub arguments: Vec<Argument>,
    /// What it returned, or the name of the error.
    pub result: Result<i64, String>,
    /// Whether `strace` made it fail, and the kernel never saw it.
    pub is_injected: bool,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A text or a buffer, byte for byte.
    Bytes(Vec<u8>),
    /// An open file, and the path that it has now.
    Descriptor(i64, String),
    /// The working folder, where a descriptor of one is expected.
    WorkingFolder(String),
    /// Anything else: a number, flags.
    Word(String),
}

impl Call {
    /// True where an argument is this path, or one below it.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.arguments.iter().any(|argument| match argument {
            Argument::Bytes(bytes) => bytes.starts_with(path.as_bytes()),
            Argument::Descriptor(_, found) => found.starts_with(path),
            Argument::WorkingFolder(_) | Argument::Word(_) => false,
        })
    }
}

impl Argument {
    /// The bytes of a text.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The number of a descriptor.
    #[must_use]
    pub const fn descriptor(&self) -> Option<i64> {
        if let Self::Descriptor(number, _) = self { Some(*number) } else { None }
    }

    /// A number, octal where it starts with a zero.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        let Self::Word(word) = self else { return None };
        match word.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok(),
            _ => word.parse().ok(),
        }
    }

    /// The names of flags: `O_RDWR|O_CREAT`.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        let text = if let Self::Word(word) = self { word.as_str() } else { "" };
        text.split('|')
    }
}

/// Reads a whole record; lines that are no calls (signals, ends) are passed over.
///
/// # Errors
/// The line that is not understood.
pub fn parse(text: &str) -> Result<Vec<Call>, String> {
    let mut begun: BTreeMap<u32, String> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let wrong = || format!("not understood of strace: {}", line.chars().take(400).collect::<String>());
        // With one thread and no other, there is no number in front.
        let (thread, rest) = line.split_once(' ').ok_or_else(wrong)?;
        let (thread, rest) = (thread.parse().map_err(|_| wrong())?, rest.trim_start());
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        let whole = if let Some(part) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, part.to_owned());
            continue;
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let (_, end) = resumed.split_once(" resumed>").ok_or_else(wrong)?;
            begun.remove(&thread).ok_or_else(wrong)? + end
        } else {
            rest.to_owned()
        };
        calls.push(call(thread, &whole).ok_or_else(wrong)?);
    }
    Ok(calls)
}

/// `name(arguments) = result`; every text in it is in hexadecimal, so no separator can be part of one.
fn call(thread: u32, text: &str) -> Option<Call> {
    let (before, after) = text.rsplit_once(" = ")?;
    let (name, arguments) = before.trim_end().strip_suffix(')')?.split_once('(')?;
    let arguments = arguments.split(", ").filter(|part| !part.is_empty()).map(argument);
    let is_injected = after.ends_with("(INJECTED)");
    let mut words = after.split(' ');
    let number = words.next()?;
    let result = match words.next() {
        Some(error) if number == "-1" && error.starts_with('E') => Err(error.to_owned()),
        // The call never came back: the program ended in it, or was killed.
        _ if number == "?" => Err("ENDED".to_owned()),
        _ => Ok(returned(number)?),
    };
    Some(Call {
        thread,
        name: name.to_owned(),
        arguments: arguments.collect::<Option<_>>()?,
        result,
        is_injected,
    })
}

/// The number that a call returned: decimal, hexadecimal, octal, or a descriptor with its path.
fn returned(text: &str) -> Option<i64> {
    let text = text.split('<').next()?;
    match text.strip_prefix("0x") {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
        None => text.parse().ok(),
    }
}

fn argument(text: &str) -> Option<Argument> {
    if let Some(quoted) = text.strip_prefix('"') {
        // A text that was cut short has dots behind its end.
        return Some(Argument::Bytes(bytes(quoted.strip_suffix('"')?)?));
    }
    let place = text.split_once('<').and_then(|(front, path)| {
        let path = path.split_once('>')?.0;
        let path =
            bytes(path).map_or_else(|| path.to_owned(), |path| String::from_utf8_lossy(&path).into_owned());
        Some((front, path))
    });
    Some(match place {
        Some(("AT_FDCWD", path)) => Argument::WorkingFolder(path),
        Some((front, path)) if front.parse::<i64>().is_ok() => {
            Argument::Descriptor(front.parse().ok()?, path)
        }
        _ => Argument::Word(text.to_owned()),
    })
}

/// Bytes written as `\x2f\x74`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split("\\x");
    if !parts.next()?.is_empty() {
        return None;
    }
    parts.map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() == 2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Call {
        parse(line).unwrap().remove(0)
    }

    #[test]
    fn a_call_has_its_arguments_and_its_result() {
        let call =
            one(r#"47 openat(AT_FDCWD<\x2f>, "\x2f\x61", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3<\x2f\x61>"#);
        assert_eq!((call.thread, call.name.as_str(), call.result), (47, "openat", Ok(3)));
        assert_eq!(call.arguments[0], Argument::WorkingFolder("/".to_owned()));
        assert_eq!(call.arguments[1].bytes(), Some(b"/a".as_slice()));
        assert!(call.arguments[2].flags().any(|flag| flag == "O_CREAT"));
        assert_eq!(call.arguments[3].number(), Some(0o600));
        let call = one(r#"47 write(3<\x2f\x61>, "\x22\x0a\x00", 3)        = 3"#);
        assert_eq!(
            (call.arguments[0].descriptor(), call.arguments[1].bytes()),
            (Some(3), Some(b"\"\n\0".as_slice()))
        );
    }

    #[test]
    fn a_failure_is_named_and_an_injected_one_is_known() {
        let call = one(r"47 fsync(3<\x2f\x61>) = -1 ENOSPC (No space left on device) (INJECTED)");
        assert_eq!((call.result, call.is_injected), (Err("ENOSPC".to_owned()), true));
        let call = one(r#"47 mkdir("\x2f", 0755) = -1 EEXIST (File exists)"#);
        assert_eq!((call.result, call.is_injected), (Err("EEXIST".to_owned()), false));
    }

    #[test]
    fn a_call_that_another_thread_interrupted_is_put_together() {
        let text =
            "1 fsync(3<\\x2f> <unfinished ...>\n2 close(4) = 0\n1 <... fsync resumed>) = 0\n+++ exited\n";
        let text = text.replace("+++", "1 +++");
        let names: Vec<String> = parse(&text).unwrap().into_iter().map(|call| call.name).collect();
        assert_eq!(names, ["close", "fsync"]);
    }

    #[test]
    fn a_text_that_was_cut_short_is_refused() {
        assert!(parse(r#"47 write(3<\x2f>, "\x22"..., 3) = 3"#).is_err());
    }
}
