//! Taking away what a build that didn't end well left in the engine.
//!
//! It is done by a task of its own: whoever waited for the build may be gone in the same moment, and what ends a build by
//! dropping its future can't wait at all. [`Engine::tidied`] waits for those tasks.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::error::DockerErrorKind;
use crate::image::Listed;

/// How long tidying up may take after a build was given up; the engine answers each removal out of its own store.
const TIDY_LIMIT: Duration = Duration::from_secs(20);

/// Images without a name that the classic builder makes, one an instruction. Its output names them, and so can what a
/// `RUN` prints: only images that came to be during the build, and have no name, are taken away.
pub(super) struct Intermediates {
    engine: Engine,
    before: BTreeSet<String>,
    /// Short ids from the output, in order.
    announced: Vec<String>,
    armed: bool,
}

impl Intermediates {
    pub(super) fn new(engine: Engine, before: BTreeSet<String>) -> Self {
        Self {
            engine,
            before,
            announced: Vec::new(),
            armed: true,
        }
    }

    pub(super) fn announced(&mut self, id: &str) {
        self.announced.push(id.to_owned());
    }

    /// The build ended well: what it made is the engine's cache.
    pub(super) fn keep(&mut self) {
        self.armed = false;
    }

    /// Takes them away. It goes on by itself where this future is dropped.
    pub(super) async fn remove(&mut self) {
        if let Some(task) = self.start() {
            let _ = task.await;
        }
    }

    /// Begins to take them away, once.
    fn start(&mut self) -> Option<JoinHandle<()>> {
        if !std::mem::take(&mut self.armed) || self.announced.is_empty() {
            return None;
        }
        let engine = self.engine.clone();
        let before = std::mem::take(&mut self.before);
        let announced = std::mem::take(&mut self.announced);
        tidy(&self.engine, async move {
            remove(&engine, &before, &announced).await;
        })
    }
}

impl Drop for Intermediates {
    fn drop(&mut self) {
        // The future was dropped in the middle.
        self.start();
    }
}

/// Runs what tidies up, for a limited time. Without a runtime there is nobody left to do it.
pub(super) fn tidy(
    engine: &Engine,
    work: impl Future<Output = ()> + Send + 'static,
) -> Option<JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    Some(engine.tidying.spawn_on(
        async move {
            let _ = tokio::time::timeout(TIDY_LIMIT, work).await;
        },
        &runtime,
    ))
}

/// How often a removal is tried again: the engine takes a moment to end the container that needs the image.
const AGAIN: Duration = Duration::from_millis(200);

/// A removal that fails for good leaves a nameless image, which is no reason to hide why the build failed.
async fn remove(engine: &Engine, before: &BTreeSet<String>, announced: &[String]) {
    // The caller's limit ends this.
    loop {
        let Ok(now) = engine.list_all().await else {
            return;
        };
        let mut busy = false;
        // The latest first: an image is only removed when none is built on it.
        for short in announced.iter().rev() {
            let own = now.iter().find(|image| is_own(image, short, before));
            if let Some(image) = own
                && let Err(error) = engine.remove(&image.id).await
            {
                busy |= error.kind == DockerErrorKind::Conflict;
            }
        }
        if !busy {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn is_own(image: &Listed, short: &str, before: &BTreeSet<String>) -> bool {
    let named = image.repo_tags.iter().any(|tag| tag != "<none>:<none>");
    let announced = image
        .id
        .strip_prefix("sha256:")
        .is_some_and(|id| id.starts_with(short));
    announced && !named && !before.contains(&image.id)
}
