//! Builds that are measured: the C sample with and without the agent, and the program of a real-time core.

use std::{
    fs,
    path::{Path, PathBuf},
};

use object::{Object as _, ObjectSection as _, SectionKind};
use serde::Serialize;

use super::{
    cost::{self, Cost},
    symbols,
};
use crate::{
    arm::{Library, Program, Toolchain, Variant, library},
    cli::SizeArgs,
    failure::Failure,
    files, workspace,
};

/// The name that the sample is compiled with to leave the agent's calls out.
const WITHOUT_AGENT: &str = "WITHOUT_AGENT";
/// The sample app, in the root folder.
const SAMPLE: &str = "device-agent/samples/azure-sphere";
/// The stand-in for the platform's library: as in both builds, it costs nothing.
const APPLIBS: &str = "tests/board/applibs";
/// The header of the agent.
const HEADERS: &str = "crates/c-api/include";
/// The program of a real-time core, in the root folder.
const CORE: &str = "device-agent/samples/rtapp";

/// What was measured, in bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Measured {
    /// The sample with the agent minus the sample without.
    pub(crate) flash_bytes: Option<u64>,
    /// The sample's program with the agent.
    pub(crate) image_bytes: Option<u64>,
    /// Arena, stack and static memory of an update: `devkit` measures it.
    pub(crate) peak_ram_bytes: Option<u64>,
    /// Code and constants of the program of a real-time core.
    pub(crate) m4_text_bytes: Option<u64>,
    /// Its static memory; the program itself measures its stack.
    pub(crate) m4_ram_bytes: Option<u64>,
}

/// What is built to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    manifest: String,
    package: String,
    sample: PathBuf,
    core: PathBuf,
}

impl Subject {
    /// The sample of this workspace, or what the flags name instead.
    pub(crate) fn new(args: &SizeArgs) -> Self {
        let root = workspace::root();
        Self {
            manifest: args.manifest.clone().unwrap_or_else(|| library::WORKSPACE.to_owned()),
            package: args.package.clone().unwrap_or_else(|| "c-api".to_owned()),
            sample: args.sample.clone().unwrap_or_else(|| root.join(SAMPLE)),
            core: root.join(CORE),
        }
    }

    /// The sample, with the agent's library or without the agent.
    fn program(&self, library: Option<&Path>, is_stripped: bool) -> Program {
        let root = workspace::root();
        let mut inputs = c_files(&self.sample);
        inputs.extend(c_files(&root.join(APPLIBS)));
        inputs.extend(library.map(Path::to_owned));
        let includes = vec![self.sample.clone(), root.join(APPLIBS), root.join(HEADERS)];
        let defines = if library.is_none() { vec![WITHOUT_AGENT] } else { Vec::new() };
        Program { inputs, includes, defines, is_stripped, ..Program::default() }
    }
}

/// Measures the agent in an app.
pub(super) fn app(
    toolchain: &Toolchain,
    subject: &Subject,
    measured: &mut Measured,
    watch: impl FnMut(&str),
) -> Result<Vec<Cost>, Failure> {
    let library = Library { manifest: &subject.manifest, package: &subject.package, features: &[] };
    let library = toolchain.static_library(library, Variant::Device, watch)?;
    let folder = toolchain.folder.join("size");
    files::create_folder(&folder)?;
    let build = |name: &str, library: Option<&Path>, is_stripped| {
        let out = folder.join(name);
        toolchain.compile_c(&subject.program(library, is_stripped), &out).map(|()| out)
    };
    let with = length(&build("with-agent", Some(&library), true)?)?;
    let without = length(&build("without-agent", None, true)?)?;
    let flash = with.saturating_sub(without);
    (measured.flash_bytes, measured.image_bytes) = (Some(flash), Some(with));
    let named = symbols::bytes_by_crate(&build("with-agent.symbols", Some(&library), false)?)?;
    let shared = symbols::bytes_by_crate(&build("without-agent.symbols", None, false)?)?;
    Ok(cost::difference(&named, &shared, flash))
}

/// Measures the program of a real-time core, where the workspace has one.
pub(super) fn core(
    toolchain: &Toolchain,
    subject: &Subject,
    measured: &mut Measured,
    watch: impl FnMut(&str),
) -> Result<(), Failure> {
    if !subject.core.join("Cargo.toml").is_file() {
        return Ok(());
    }
    let program = toolchain.m4_program(&subject.core, watch)?;
    let sizes = sections(&program)?;
    (measured.m4_text_bytes, measured.m4_ram_bytes) = (Some(sizes.text), Some(sizes.ram));
    Ok(())
}

struct Sizes {
    text: u64,
    ram: u64,
}

/// Sizes of what is loaded: code and constants, and memory that is written.
fn sections(program: &Path) -> Result<Sizes, Failure> {
    let bytes = files::read(program)?;
    let file = object::File::parse(&*bytes).map_err(|error| Failure::Unreadable {
        what: program.display().to_string(),
        message: error.to_string(),
    })?;
    let mut sizes = Sizes { text: 0, ram: 0 };
    for section in file.sections() {
        match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => {
                sizes.text += section.size()
            }
            SectionKind::Data => {
                sizes.text += section.size();
                sizes.ram += section.size();
            }
            SectionKind::UninitializedData => sizes.ram += section.size(),
            _ => {}
        }
    }
    Ok(sizes)
}

fn length(path: &Path) -> Result<u64, Failure> {
    let failed = |source| Failure::File { action: "read the size of", path: path.to_owned(), source };
    fs::metadata(path).map(|data| data.len()).map_err(failed)
}

fn c_files(folder: &Path) -> Vec<PathBuf> {
    let is_c = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "c");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries.filter(is_c).collect();
    paths.sort();
    paths
}
