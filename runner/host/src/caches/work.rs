//! Long work on files, beside everything else, and ended early where the job is.

use std::future::Future;
use std::io;

use capstep_caches::Stop;

/// Does work on a thread of its own. It is told to stop when `end` comes about, or when nobody waits for it any more; it is
/// waited for all the same, so that nothing is half done when this returns.
pub(super) async fn work<T: Send + 'static>(
    end: impl Future<Output = ()>,
    act: impl FnOnce(&Stop) -> T + Send + 'static,
) -> io::Result<T> {
    let stop = StopOnDrop(Stop::default());
    let told = stop.0.clone();
    let mut done = tokio::task::spawn_blocking(move || act(&told));
    let joined = tokio::select! {
        joined = &mut done => joined,
        () = end => {
            stop.0.stop();
            done.await
        }
    };
    // What breaks there is the host itself.
    joined.map_err(io::Error::other)
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
