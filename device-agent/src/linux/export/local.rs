//! What the exports are made of beside the bundle: this device's own configuration, and the system's anchors.

use std::path::{Path, PathBuf};

use super::system::SystemAnchors;
use crate::linux::configuration::{Export, Settings, TrustChoice};

/// This device's own part.
#[derive(Clone, Debug)]
pub struct Local {
    pub(super) channel: String,
    pub(super) folder: PathBuf,
    pub(super) applications: Vec<ForApplication>,
    pub(super) system: SystemAnchors,
}

/// An application that gets files of its own.
#[derive(Clone, Debug)]
pub(super) struct ForApplication {
    pub(super) name: String,
    /// The services that it talks to; nothing where it is every one.
    pub(super) services: Option<Vec<String>>,
    /// True where it trusts the system's anchors too.
    pub(super) adds_system: bool,
}

impl Local {
    /// Of a device without applications.
    #[must_use]
    pub fn new(channel: &str, folder: &Path) -> Self {
        Self {
            channel: channel.to_owned(),
            folder: folder.to_path_buf(),
            applications: Vec::new(),
            system: SystemAnchors::default(),
        }
    }

    /// Of this device; reads the system's anchors where an application trusts them too.
    #[must_use]
    pub fn read(settings: &Settings, export: &Export) -> Self {
        let applications = settings.applications.iter().map(|application| ForApplication {
            name: application.name.clone(),
            services: application.services.clone(),
            adds_system: application.trust == TrustChoice::Add,
        });
        let applications: Vec<ForApplication> = applications.collect();
        let adds = applications.iter().any(|application| application.adds_system);
        let system =
            if adds { SystemAnchors::read(&export.system_anchors) } else { SystemAnchors::default() };
        Self { applications, system, ..Self::new(&settings.channel, &export.folder) }
    }
}
