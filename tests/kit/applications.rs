//! Applications that run the whole time: a loop around curl, and the sample application on the trust store.
//!
//! Both write one line for each request, `SERVICE ok DETAIL` or `SERVICE refused DETAIL`, and never stop by
//! themselves. Neither knows anything of agents, bundles or updates.

use std::{fmt, io, net::SocketAddr, path::Path, process::Command, time::Duration};

use crate::process::{Background, program};

/// How long to wait for the next request of an application.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request per service, for ever. `$1` is the folder of exported PEM files; then service, host and port by turns.
const CURL_LOOP: &str = r#"
folder=$1; shift
while :; do
    rest=$#
    while [ "$rest" -gt 0 ]; do
        service=$1 host=$2 port=$3; shift 3; set -- "$@" "$service" "$host" "$port"; rest=$((rest - 3))
        curl --silent --output /dev/null --max-time 10 --noproxy '*' --cacert "$folder/$service.pem" \
            --connect-to "$host:443:127.0.0.1:$port" "https://$host/"
        code=$?
        if [ "$code" = 0 ]; then echo "$service ok curl"; else echo "$service refused curl-exit-$code"; fi
    done
    sleep 0.05
done
"#;

/// A service that an application talks to.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The service's name.
    pub service: String,
    /// Its host name.
    pub host: String,
    /// Where it really is.
    pub address: SocketAddr,
}

/// One request of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The service.
    pub service: String,
    /// Whether the application got its answer.
    pub succeeded: bool,
    /// What else it said.
    pub detail: String,
}

/// A running application.
#[derive(Debug)]
pub struct Application {
    name: &'static str,
    process: Background,
}

/// A place in an application's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

/// What became of an application's requests to one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that got their answer.
    pub succeeded: usize,
    /// Requests that did not.
    pub refused: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ok, {} refused", self.succeeded, self.refused)
    }
}

impl Application {
    /// curl, again and again, with the PEM file of each service in `folder`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn curl(folder: &Path, peers: &[Peer]) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", CURL_LOOP, "curl-loop"]).arg(folder);
        for peer in peers {
            command.args([&peer.service, &peer.host, &peer.address.port().to_string()]);
        }
        Ok(Self { name: "curl", process: Background::start(&mut command)? })
    }

    /// The sample application, on the store that the agent keeps and the image's seed.
    ///
    /// # Errors
    /// It is not built, or cannot be started.
    pub fn sample(store: &Path, seed: &Path, peers: &[Peer]) -> io::Result<Self> {
        let mut command = Command::new(program("sample-app")?);
        command.args([store, seed]);
        for peer in peers {
            command.args([&peer.service, &peer.host, &peer.address.to_string()]);
        }
        Ok(Self { name: "sample-app", process: Background::start(&mut command)? })
    }

    /// The application's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The process's id: the same as long as it was not restarted.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.process.lines().len())
    }

    /// Waits for `count` more requests to each of these services that began after now, and says what became of all
    /// requests since.
    ///
    /// # Errors
    /// The application falls silent.
    pub fn watch(&self, services: &[&str], count: usize) -> io::Result<Tally> {
        let mark = self.mark();
        // The request under way began before; it is not counted.
        let enough = |lines: &[String]| {
            let since = requests(lines, mark, 1);
            let complete =
                |service: &&str| since.iter().filter(|request| request.service == **service).count() >= count;
            services.iter().all(complete).then(|| tally(&since, services))
        };
        self.process.wait_for(PATIENCE, enough)
    }

    /// Waits until a request to the service ends as `succeeded` says.
    ///
    /// # Errors
    /// It does not happen in time.
    pub fn wait_until(&self, service: &str, succeeded: bool) -> io::Result<Request> {
        let mark = self.mark();
        self.process.wait_for(PATIENCE, |lines| {
            let fits = |request: &Request| request.service == service && request.succeeded == succeeded;
            requests(lines, mark, 0).into_iter().find(fits)
        })
    }

    /// What became of the requests to these services since `mark`.
    #[must_use]
    pub fn tally_since(&self, mark: Mark, services: &[&str]) -> Tally {
        tally(&requests(&self.process.lines(), mark, 0), services)
    }
}

fn requests(lines: &[String], mark: Mark, skipped: usize) -> Vec<Request> {
    lines.iter().skip(mark.0 + skipped).filter_map(|line| parse(line)).collect()
}

fn parse(line: &str) -> Option<Request> {
    let mut words = line.splitn(3, ' ');
    let (service, result, detail) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    let succeeded = match result {
        "ok" => true,
        "refused" => false,
        _ => return None,
    };
    Some(Request { service: service.to_owned(), succeeded, detail: detail.to_owned() })
}

fn tally(requests: &[Request], services: &[&str]) -> Tally {
    let mut tally = Tally::default();
    for request in requests.iter().filter(|request| services.contains(&request.service.as_str())) {
        if request.succeeded {
            tally.succeeded += 1;
        } else {
            tally.refused += 1;
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        pki::{Vendor, pem},
        tls_service::{ALL_VERSIONS, TlsService},
    };

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file of a test that nobody needs after a crash")]
    fn curl_goes_on_or_fails_as_the_exported_file_says() {
        let (vendor, folder) = (Vendor::new(), tempfile::tempdir().unwrap());
        let file = folder.path().join("iot-hub.pem");
        fs::write(&file, pem(vendor.old_root.certificate())).unwrap();
        let service = TlsService::start(&vendor.old_identity("localhost"), ALL_VERSIONS).unwrap();
        let peer = Peer { service: "iot-hub".into(), host: "localhost".into(), address: service.address() };
        let mut application = Application::curl(folder.path(), &[peer]).unwrap();
        assert_eq!(application.watch(&["iot-hub"], 2).unwrap().refused, 0);
        service.switch(&vendor.new_identity("localhost")).unwrap();
        application.wait_until("iot-hub", false).unwrap();
        fs::write(&file, pem(vendor.new_root.certificate())).unwrap();
        application.wait_until("iot-hub", true).unwrap();
        assert!(application.is_running());
    }

    #[test]
    fn a_line_is_a_request_or_nothing() {
        let request = parse("iot-hub refused curl-exit-60").unwrap();
        assert_eq!((request.succeeded, request.detail.as_str()), (false, "curl-exit-60"));
        assert_eq!(parse("iot-hub maybe"), None);
        assert_eq!(parse(""), None);
    }
}
