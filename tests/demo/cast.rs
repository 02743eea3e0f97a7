//! The applications of the rotation: two that the product serves, and the same two without it.

use std::{error::Error, fs};

use system_tests::{applications::Application, gateway::Gateway};
use tempfile::TempDir;

use crate::scenery::Scenery;

/// All applications; they run until this is dropped.
pub(crate) struct Cast {
    served: Vec<Application>,
    control: Vec<Application>,
    _yesterday: TempDir,
}

impl Cast {
    /// Starts them: curl on exported files and the sample application on the store, and both once more on copies
    /// that nobody keeps current.
    pub(crate) fn start(scenery: &Scenery, gateway: &Gateway) -> Result<Self, Box<dyn Error>> {
        let (peers, yesterday) = (scenery.peers(), tempfile::tempdir()?);
        for service in &peers {
            let name = format!("{}.pem", service.service);
            fs::copy(gateway.services().join(&name), yesterday.path().join(&name))?;
        }
        let store = yesterday.path().join("store");
        fs::copy(gateway.store(), &store)?;
        let seed = gateway.path("seed");
        Ok(Self {
            served: vec![
                Application::curl(&gateway.services(), &peers)?,
                Application::sample(&gateway.store(), &seed, &peers)?,
            ],
            control: vec![
                Application::curl(yesterday.path(), &peers)?,
                Application::sample(&store, &seed, &peers)?,
            ],
            _yesterday: yesterday,
        })
    }

    /// Those that the product serves.
    pub(crate) fn with_product(&self) -> impl Iterator<Item = &Application> {
        self.served.iter()
    }

    /// The same, to look whether they still run.
    pub(crate) fn with_product_mut(&mut self) -> impl Iterator<Item = &mut Application> {
        self.served.iter_mut()
    }

    /// Those of the control run.
    pub(crate) fn without_product(&self) -> impl Iterator<Item = &Application> {
        self.control.iter()
    }

    /// All of them.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = &Application> {
        self.served.iter().chain(&self.control)
    }
}
