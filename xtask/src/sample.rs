//! The sample app as it is built here: C over wolfSSL and the stand-in for the platform's library, with the agent or without.

use std::path::{Path, PathBuf};

use crate::{
    arm::{Library, Program, Toolchain, Variant, library, packages::CLibrary, wolfssl::WolfSsl},
    failure::Failure,
    setup::Consent,
    workspace,
};

/// The sample, in the root folder.
const SOURCES: &str = "device-agent/samples/azure-sphere";
/// The stand-in for the platform's library, in the root folder: it is in both builds, so it costs nothing.
const BOARD: &str = "tests/board";
/// The header of the agent, in the root folder.
const HEADERS: &str = "crates/c-api/include";
/// What both programs are made of.
const APP: [&str; 8] =
    ["main", "configuration", "connection", "own_bytes", "resolver", "service", "time_of_day", "tls_client"];
/// What the one with the agent has beside it.
const WITH_AGENT: [&str; 3] = ["probe", "stack", "updates"];
/// What the one without has.
const WITHOUT_AGENT: [&str; 1] = ["without_updates"];
/// The parts of the stand-in.
const APPLIBS: [&str; 6] = [
    "applibs/applications",
    "applibs/eventloop",
    "applibs/log",
    "applibs/networking",
    "applibs/storage",
    "control/control",
];
/// As in the sample's `CMakeLists.txt`, and no warning.
const FLAGS: [&str; 8] = [
    "-std=gnu11",
    "-Os",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Werror",
    "-DWOLFSSL_USER_SETTINGS",
    "-Wno-unused-command-line-argument",
];

/// What the sample's programs are linked with.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    agent: PathBuf,
    wolfssl: WolfSsl,
    c_library: CLibrary,
}

/// The programs that are made of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// With the agent, as it is shipped.
    WithAgent,
    /// The same, measuring its stack.
    MeasuringStack,
    /// Without the agent.
    WithoutAgent,
}

impl Sample {
    /// Builds what the programs are linked with; `watch` sees what cargo says.
    ///
    /// # Errors
    /// wolfSSL cannot be fetched, or a build fails.
    pub(crate) fn find(
        toolchain: &Toolchain,
        consent: Consent,
        watch: impl FnMut(&str),
    ) -> Result<Self, Failure> {
        let wolfssl = WolfSsl::find(toolchain, consent)?;
        let library = Library { manifest: library::WORKSPACE, package: "c-api", features: &["standalone"] };
        let agent = toolchain.static_library(library, Variant::Device, watch)?;
        let c_library = CLibrary::find(&toolchain.folder, consent)?;
        Ok(Self { agent, wolfssl, c_library })
    }

    /// The agent's static library.
    pub(crate) fn library(&self) -> &Path {
        &self.agent
    }

    /// A program of the sample.
    pub(crate) fn program(&self, build: Build, is_stripped: bool) -> Program {
        let root = workspace::root();
        let sources = root.join(SOURCES);
        let of_agent: &[&str] = if build == Build::WithoutAgent { &WITHOUT_AGENT } else { &WITH_AGENT };
        let mut inputs = files(&sources, APP.iter().chain(of_agent));
        inputs.extend(files(&root.join(BOARD), APPLIBS.iter()));
        inputs.push(self.wolfssl.library.clone());
        if build != Build::WithoutAgent {
            inputs.push(self.agent.clone());
        }
        let includes =
            vec![root.join(HEADERS), self.wolfssl.settings.clone(), root.join(BOARD).join("applibs")];
        let defines = if build == Build::MeasuringStack { vec!["MEASURE_STACK"] } else { Vec::new() };
        Program {
            inputs,
            includes,
            system_includes: vec![self.wolfssl.headers.clone()],
            defines,
            flags: FLAGS.to_vec(),
            c_library: Some(self.c_library.clone()),
            is_stripped,
        }
    }
}

/// The sample's folder, with what its image holds beside the program.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join(SOURCES)
}

fn files<'n>(folder: &Path, names: impl Iterator<Item = &'n &'n str>) -> Vec<PathBuf> {
    names.map(|name| folder.join(format!("{name}.c"))).collect()
}
