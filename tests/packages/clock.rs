//! A packaged agent after 2038, when the seconds since 1970 no longer fit into 32 bits.
//!
//! The program, or its emulator, gets its time from the C library of this machine; a library that stands before it adds
//! years. On 32 bits, a program whose C library has 32-bit time stops here: it cannot even read the clock.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Command,
};

use bundle::UnixSeconds;
use device_agent::linux::clock::Clock;
use system_tests::{gateway::place, process::run};

use crate::{
    cycle,
    made::Program,
    part::{Found, expect},
    scene::Scene,
};

/// The library: this machine's own clock and some years.
const SOURCE: &str = include_str!("clock.c");
/// 2040-06-01, past the last second that 32 bits hold.
const THEN: UnixSeconds = UnixSeconds(2_222_121_600);

/// A whole cycle on a machine whose calendar says 2040.
pub(crate) fn after_2038(agent: &Program, emulator: &str) -> Found {
    let folder = tempfile::tempdir()?;
    let library = shifted_clock(folder.path())?;
    let mut scene = Scene::new(THEN)?;
    let mut preload = OsString::from("LD_PRELOAD=");
    preload.push(&library);
    let words = vec!["env".into(), preload, emulator.into(), agent.file.clone().into()];
    let device = scene.device()?.run_by(words);
    let number = scene.add_root();
    cycle::installs(&device, None, number)?;
    let status = device.status(None)?.to_string();
    expect(status.contains("\"2040-06-"), || format!("status does not say that it is 2040: {status}"))
}

/// Compiles the library, so that the clock now says [`THEN`].
fn shifted_clock(folder: &Path) -> io::Result<PathBuf> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    place(&source, SOURCE.as_bytes())?;
    let added = THEN.0.saturating_sub(Clock::new(None).calendar().0);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", &format!("-DSECONDS_ADDED={added}")]);
    run(compiler.arg("-o").arg(&library).arg(&source), "")?.success()?;
    Ok(library)
}
