//! Attacks on the production engine: each must be refused by name and leave trust as it was.

mod files;
mod heads;
mod keys;
mod probes;
mod releases;
mod scene;

pub use scene::Attack;
pub(crate) use scene::content;

/// Runs every attack; `progress` is told each name before it runs.
pub fn run(mut progress: impl FnMut(&str)) -> Vec<Attack> {
    let all = [heads::ALL, releases::ALL, keys::ALL, probes::ALL, files::ALL];
    all.into_iter()
        .flatten()
        .map(|(name, attack)| {
            progress(name);
            attack().named(name)
        })
        .collect()
}
