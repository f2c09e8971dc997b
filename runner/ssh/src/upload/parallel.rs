//! Several requests on their way at once, so that a long way to the server costs its time once and not per file.

use std::future::Future;

use tokio::task::JoinSet;

/// Runs a future for each item, at most `limit` at once, and returns the results in the items' order. The first error
/// aborts the others, as does dropping the future.
///
/// The items are a `Vec`, not any iterator: one with closures in it, held while waiting, would keep the compiler from
/// seeing that the future may move between threads.
pub(super) async fn in_flight<I, F, T, E>(
    items: Vec<I>,
    limit: usize,
    mut work: impl FnMut(I) -> F,
) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut results: Vec<(usize, T)> = Vec::new();
    let mut keep = |joined: Result<(usize, Result<T, E>), tokio::task::JoinError>| {
        // A task is never aborted while the set lives, and one that panics has said so itself.
        if let Ok((index, result)) = joined {
            results.push((index, result?));
        }
        Ok(())
    };
    for (index, item) in items.into_iter().enumerate() {
        if tasks.len() >= limit
            && let Some(joined) = tasks.join_next().await
        {
            keep(joined)?;
        }
        let future = work(item);
        tasks.spawn(async move { (index, future.await) });
    }
    while let Some(joined) = tasks.join_next().await {
        keep(joined)?;
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn order_is_kept_and_errors_stop() {
        let doubled = in_flight((0..50_u64).collect(), 7, |n| async move {
            tokio::time::sleep(std::time::Duration::from_millis(n % 3)).await;
            Ok::<_, ()>(n * 2)
        })
        .await
        .unwrap();
        assert_eq!(doubled, (0..50).map(|n| n * 2).collect::<Vec<_>>());
        let failed = in_flight((0..50).collect(), 7, |n| async move {
            if n == 20 { Err(n) } else { Ok(()) }
        });
        assert_eq!(failed.await, Err(20));
    }
}
