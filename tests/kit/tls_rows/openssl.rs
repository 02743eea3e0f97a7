//! `openssl s_server` and `openssl`: the other side of the table, and what `rcgen` cannot make.

use std::{
    fs, io,
    io::BufReader,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

use super::identity::{Holder, Identity, pem};

/// A running `openssl s_server`, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    // It ends when nobody listens to what it says.
    _output: BufReader<ChildStdout>,
    /// Where its files are, for as long as it may read them.
    folder: TempDir,
}

impl Server {
    /// Starts one that serves exactly these certificates, with further arguments.
    ///
    /// # Errors
    /// `openssl` is missing, or does not listen.
    pub fn start(identity: &Identity, arguments: &[&str]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name);
        write(&file("leaf.pem"), &pem("CERTIFICATE", &identity.leaf))?;
        write(&file("key.pem"), &identity.key_pem)?;
        let others: String = identity.others.iter().map(|der| pem("CERTIFICATE", der)).collect();
        write(&file("chain.pem"), &others)?;
        let mut command = Command::new("openssl");
        command.current_dir(folder.path()).args(["s_server", "-accept", "127.0.0.1:0", "-www"]);
        command.args(["-cert", "leaf.pem", "-key", "key.pem"]);
        if !others.is_empty() {
            command.args(["-cert_chain", "chain.pem"]);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(fs::File::create(file("errors"))?);
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("openssl has no output"))?;
        let mut output = BufReader::new(output);
        let port = accepting(&mut output);
        let mut server = Self { child, port: 0, _output: output, folder };
        match port? {
            Some(port) => server.port = port,
            None => return Err(io::Error::other(fs::read_to_string(server.folder.path().join("errors"))?)),
        }
        Ok(server)
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads the line by which it says where it listens; `None` where it ends without.
fn accepting(output: &mut impl io::BufRead) -> io::Result<Option<u16>> {
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        let port = line
            .trim_end()
            .strip_prefix("ACCEPT ")
            .and_then(|address| address.rsplit(':').next()?.parse().ok());
        if port.is_some() {
            return Ok(port);
        }
        line.clear();
    }
    Ok(None)
}

/// Runs `openssl` in a folder of its own that holds `files`, and reads `output` from it.
///
/// # Errors
/// What it says on standard error.
pub(super) fn openssl(files: &[(&str, &str)], arguments: &[&str], output: &str) -> io::Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    for (name, text) in files {
        write(&folder.path().join(name), text)?;
    }
    let ended = Command::new("openssl").current_dir(folder.path()).args(arguments).output()?;
    if !ended.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&ended.stderr).into_owned()));
    }
    fs::read(folder.path().join(output))
}

/// A new key in PKCS#8, of this algorithm of `openssl genpkey` and these options of it.
///
/// # Errors
/// As [`openssl`].
pub(super) fn key_pem(algorithm: &str, options: &[&str]) -> io::Result<String> {
    let options = options.iter().flat_map(|option| ["-pkeyopt", option]);
    let arguments: Vec<&str> =
        ["genpkey", "-out", "key.pem", "-algorithm", algorithm].into_iter().chain(options).collect();
    openssl(&[], &arguments, "key.pem").map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Has an authority's key sign a request (RFC 2986) with a digest that `rcgen` does not combine with it.
///
/// # Errors
/// As [`openssl`].
pub(super) fn sign_request(
    request_pem: &str,
    authority: &Holder,
    digest: &str,
) -> io::Result<CertificateDer<'static>> {
    let (ca, ca_key) = (pem("CERTIFICATE", &authority.certificate), authority.key_pem());
    let files = [("request.pem", request_pem), ("ca.pem", ca.as_str()), ("ca.key", ca_key.as_str())];
    let issuer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", digest, "-days", "36500"];
    let request = ["x509", "-req", "-in", "request.pem", "-copy_extensions", "copyall"];
    let output = ["-outform", "DER", "-out", "new.der"];
    let arguments: Vec<&str> = request.into_iter().chain(issuer).chain(output).collect();
    openssl(&files, &arguments, "new.der").map(CertificateDer::from)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    use io::Write as _;
    fs::File::create(path)?.write_all(text.as_bytes())
}
