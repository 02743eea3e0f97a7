//! Builds that are measured: the C sample with and without the agent, and the program of a real-time core.

use std::{fs, path::Path};

use object::{Object as _, ObjectSection as _, SectionKind};
use serde::Serialize;

use super::{
    cost::{self, Cost},
    symbols,
};
use crate::{
    arm::Toolchain,
    failure::Failure,
    files, m4,
    sample::{Build, Sample},
    setup::Consent,
};

/// What was measured, in bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Measured {
    /// The sample with the agent minus the sample without.
    pub(crate) flash_bytes: Option<u64>,
    /// The sample's program with the agent.
    pub(crate) image_bytes: Option<u64>,
    /// Memory that both programs' variables take, of the one with the agent minus the one without.
    pub(crate) static_ram_bytes: Option<u64>,
    /// Arena, stack and static memory of an update: `devkit` measures it.
    pub(crate) peak_ram_bytes: Option<u64>,
    /// Code and constants of the whole program for a real-time core.
    pub(crate) m4_text_bytes: Option<u64>,
    /// Its memory while it runs, static and stack.
    pub(crate) m4_ram_bytes: Option<u64>,
}

/// Measures the agent in an app.
pub(super) fn app(
    toolchain: &Toolchain,
    sample: &Sample,
    measured: &mut Measured,
) -> Result<Vec<Cost>, Failure> {
    let folder = toolchain.folder.join("size");
    files::create_folder(&folder)?;
    let build = |name: &str, build: Build, is_stripped| {
        let out = folder.join(name);
        toolchain.compile_c(&sample.program(build, is_stripped), &out).map(|()| out)
    };
    let with = build("with-agent", Build::WithAgent, true)?;
    let without = build("without-agent", Build::WithoutAgent, true)?;
    let (image, shared) = (length(&with)?, length(&without)?);
    let flash = image.saturating_sub(shared);
    (measured.flash_bytes, measured.image_bytes) = (Some(flash), Some(image));
    measured.static_ram_bytes = Some(sections(&with)?.ram.saturating_sub(sections(&without)?.ram));
    let named = symbols::bytes_by_crate(&build("with-agent.symbols", Build::WithAgent, false)?)?;
    let shared = symbols::bytes_by_crate(&build("without-agent.symbols", Build::WithoutAgent, false)?)?;
    Ok(cost::difference(&named, &shared, flash))
}

/// Measures the program of a real-time core, which runs for it.
pub(super) fn core(toolchain: &Toolchain, measured: &mut Measured, consent: Consent) -> Result<(), Failure> {
    let m4::Measured { text, ram } = m4::measure(toolchain, consent)?;
    (measured.m4_text_bytes, measured.m4_ram_bytes) = (Some(text), Some(ram));
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
            // What the linker leaves free up to the next page is nobody's variable, and differs by chance.
            SectionKind::UninitializedData if section.name() != Ok(".relro_padding") => {
                sizes.ram += section.size();
            }
            _ => {}
        }
    }
    Ok(sizes)
}

fn length(path: &Path) -> Result<u64, Failure> {
    let failed = |source| Failure::File { action: "read the size of", path: path.to_owned(), source };
    fs::metadata(path).map(|data| data.len()).map_err(failed)
}
