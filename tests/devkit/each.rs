//! Many cases of one test, on several boards at the same time.

use std::{
    error::Error,
    fmt::Display,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Runs at the same time: half of a run is waiting.
const THREADS: usize = 4;

/// Does something for each case; every complaint is heard.
pub(crate) fn each<C: Display + Sync>(
    cases: &[C],
    act: impl Fn(&C) -> Result<(), Box<dyn Error>> + Sync,
) -> Result<(), String> {
    let (complaints, next) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = act(case)
                        && let Ok(mut complaints) = complaints.lock()
                    {
                        complaints.push(format!("{case}: {error}"));
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().map_err(|error| error.to_string())?;
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}
