//! The variables that make unmodified programs read the exports, for systemd's `EnvironmentFile=` and for `set -a; . file`.

use std::path::Path;

use super::pem;

/// Variables that name a file of certificates in PEM, and who reads them.
const FILES: [(&str, &str); 7] = [
    ("AWS_CA_BUNDLE", "the SDKs of AWS"),
    ("CURL_CA_BUNDLE", "curl, and requests for Python"),
    ("GIT_SSL_CAINFO", "git"),
    ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "gRPC"),
    ("NODE_EXTRA_CA_CERTS", "Node, beside the anchors that it has compiled in"),
    ("REQUESTS_CA_BUNDLE", "requests for Python"),
    ("SSL_CERT_FILE", "OpenSSL and what is built on it, Go, rustls-native-certs"),
];
/// The variable that names a hashed folder, and who reads it.
const FOLDER: (&str, &str) = ("SSL_CERT_DIR", "the same; nothing beside it may name another folder");

/// The file's text without its first and last line; `None` where the folder's name has letters that no such file can carry.
pub(super) fn text(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    let folder = folder.to_str().filter(|text| !text.chars().any(char::is_control))?;
    let file = FILES.into_iter().map(|(name, reader)| line(name, reader, folder, "whole.pem"));
    let lines: String = file.chain([line(FOLDER.0, FOLDER.1, folder, "hashed")]).collect();
    // A program's own options must not be lost: whoever sets these for a JVM adds what else stands there.
    let options = "-Djavax.net.ssl.trustStoreType=PKCS12 -Djavax.net.ssl.trustStore";
    Some(lines + &pem::comment(&format!("for a JVM: JDK_JAVA_OPTIONS='{options}={folder}/truststore.p12'")))
}

fn line(name: &str, reader: &str, folder: &str, file: &str) -> String {
    format!("{}{name}=\"{}/{file}\"\n", pem::comment(reader), quoted(folder))
}

/// What shells and systemd alike take literally between double quotes (POSIX §2.2.3, systemd.exec(5)).
fn quoted(text: &str) -> String {
    text.chars()
        .flat_map(|letter| "\"\\`$".contains(letter).then_some('\\').into_iter().chain([letter]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_what_is_meant_whatever_the_folder_is_called() {
        let folder = Path::new("/srv/a b/$HOME/`id`/\"quoted\"/back\\slash/it's");
        let script = format!("set -a\n{}\nenv", text(folder).unwrap());
        let output = Command::new("sh").arg("-c").arg(script).env_clear().output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        for (name, _) in FILES {
            let line = format!("{name}={}/whole.pem", folder.display());
            assert!(output.lines().any(|it| it == line), "{line}\n{output}");
        }
        assert!(output.contains(&format!("{}={}/hashed\n", FOLDER.0, folder.display())), "{output}");
    }

    #[test]
    fn a_folder_that_no_line_can_name_has_no_such_file() {
        assert_eq!(text(Path::new("/srv/new\nline")), None);
    }
}
