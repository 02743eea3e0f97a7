//! Futures that run side by side on one task, so that all of them end when their owner is dropped.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Futures of one kind, each under the number that it was given.
pub(super) struct SideBySide<'a, T>(Vec<(usize, Running<'a, T>)>);

type Running<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

impl<'a, T> SideBySide<'a, T> {
    /// These futures; none of them has begun.
    pub(super) fn new<F: Future<Output = T> + 'a>(futures: impl IntoIterator<Item = F>) -> Self {
        let boxed = futures.into_iter().map(|future| -> Running<'a, T> { Box::pin(future) });
        Self(boxed.enumerate().collect())
    }

    /// The next one that ends, with its number; `None` when all have.
    pub(super) async fn next(&mut self) -> Option<(usize, T)> {
        if self.0.is_empty() {
            return None;
        }
        Some(poll_fn(|context| self.poll(context)).await)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(usize, T)> {
        let mut ended = self.0.iter_mut().enumerate().filter_map(|(place, (number, running))| match running
            .as_mut()
            .poll(context)
        {
            Poll::Ready(value) => Some((place, *number, value)),
            Poll::Pending => None,
        });
        let Some((place, number, value)) = ended.next() else { return Poll::Pending };
        drop(self.0.swap_remove(place));
        Poll::Ready((number, value))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn whoever_ends_first_is_first_and_nobody_waits_for_the_others() {
        let (first, held) = oneshot::channel::<()>();
        let wait = async |held: Option<oneshot::Receiver<()>>| match held {
            Some(held) => held.await.is_ok(),
            None => true,
        };
        let mut running = SideBySide::new([wait(Some(held)), wait(None)]);
        assert_eq!(running.next().await, Some((1, true)));
        first.send(()).unwrap();
        assert_eq!(running.next().await, Some((0, true)));
        assert_eq!(running.next().await, None);
    }
}
