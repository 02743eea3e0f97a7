//! Links `libapplibs`: the platform's, or with the feature `stand-in` the emulated board's.

/// The stand-in's sources, from the emulated board's folder.
#[cfg(feature = "stand-in")]
const SOURCES: [&str; 6] = [
    "applibs/applications.c",
    "applibs/eventloop.c",
    "applibs/log.c",
    "applibs/networking.c",
    "applibs/storage.c",
    "control/control.c",
];

#[cfg(feature = "stand-in")]
fn main() {
    let board = std::path::Path::new("../../tests/board");
    let mut build = cc::Build::new();
    build.std("gnu11").include(board.join("applibs")).files(SOURCES.map(|source| board.join(source)));
    build.compile("applibs_stand_in");
}

#[cfg(not(feature = "stand-in"))]
fn main() {}
