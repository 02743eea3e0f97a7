//! What tests run on: the kit's boards, and the files that were built for them.

use std::{io, path::PathBuf};

use system_tests::board::{
    bench::Bench,
    fast::Fast,
    image::Image,
    kit::{Boot, Kit},
    sphere::Sphere,
    strict::Strict,
};
use tempfile::TempDir;

use crate::{KitName, test::Tier};

/// Boards, images, and a folder for what a test leaves behind.
pub(crate) struct Scene {
    bench: Bench,
    kit: Boards,
    folder: TempDir,
}

enum Boards {
    Emulated { fast: Fast, strict: Strict },
    Sphere(Sphere),
}

impl Scene {
    /// The boards of a kit.
    ///
    /// # Errors
    /// The environment does not name what was built, or the kit is not there.
    pub(crate) fn new(kit: KitName) -> io::Result<Self> {
        let bench = Bench::of_environment()?;
        let kit = match kit {
            KitName::Emulated => {
                Boards::Emulated { fast: Fast::new(bench.clone()), strict: Strict::new(bench.clone()) }
            }
            KitName::Sphere => Boards::Sphere(Sphere::attached()?),
        };
        Ok(Self { bench, kit, folder: tempfile::tempdir()? })
    }

    /// The kit's name in reports.
    pub(crate) fn kit_name(&self) -> &'static str {
        match &self.kit {
            Boards::Emulated { .. } => "emulated",
            Boards::Sphere(sphere) => sphere.name(),
        }
    }

    /// True only where programs run on the real chip.
    pub(crate) fn is_hardware(&self) -> bool {
        matches!(&self.kit, Boards::Sphere(sphere) if sphere.is_hardware())
    }

    /// How many tests can run side by side. Most of a test is waiting, and a kit is one board.
    pub(crate) const fn boards(&self) -> usize {
        match self.kit {
            Boards::Emulated { .. } => 3,
            Boards::Sphere(_) => 1,
        }
    }

    /// Whether the kit has a board for tests of this tier.
    pub(crate) const fn has(&self, tier: Tier) -> bool {
        match tier {
            Tier::Host | Tier::Any => true,
            Tier::Fast | Tier::Strict => matches!(self.kit, Boards::Emulated { .. }),
        }
    }

    /// The board of a tier; for any, the kit's nearest to the device.
    pub(crate) fn board(&self, tier: Tier) -> &dyn Kit {
        match &self.kit {
            Boards::Emulated { fast, .. } if tier == Tier::Fast => fast,
            Boards::Emulated { strict, .. } => strict,
            Boards::Sphere(sphere) => sphere,
        }
    }

    /// An image by its name.
    pub(crate) fn image(&self, name: &str) -> io::Result<Image> {
        self.bench.image(name)
    }

    /// The client of the table of TLS servers, built for Arm.
    pub(crate) fn tls_client(&self) -> PathBuf {
        self.bench.tls_client()
    }

    /// A board's folder of its own.
    pub(crate) fn boot(&self, name: &str) -> Boot {
        Boot::new(self.folder(name))
    }

    /// A folder that is removed in the end.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
