//! All operations and logins of a step, by the numbers that the plugin knows.

use std::collections::HashMap;
use std::future::Future as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::operation::Operation;
use crate::protocol::{ErrorKind, Handle, VerbError};
use crate::verbs::SshLogin;

/// How many operations and logins a step may hold at once. A plugin that needs more has forgotten to drop them.
const MAX_OPEN: usize = 1024;

#[derive(Default)]
pub(crate) struct Table {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: Handle,
    operations: HashMap<Handle, Arc<Operation>>,
    logins: HashMap<Handle, Arc<SshLogin>>,
}

impl Table {
    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn insert(&self, operation: Arc<Operation>) -> Result<Handle, VerbError> {
        self.with(|inner| {
            let handle = inner.number()?;
            inner.operations.insert(handle, operation);
            Ok(handle)
        })
    }

    pub(crate) fn insert_login(&self, login: Arc<SshLogin>) -> Result<Handle, VerbError> {
        self.with(|inner| {
            let handle = inner.number()?;
            inner.logins.insert(handle, login);
            Ok(handle)
        })
    }

    pub(crate) fn get(&self, handle: Handle) -> Result<Arc<Operation>, VerbError> {
        self.with(|inner| inner.operations.get(&handle).cloned())
            .ok_or_else(|| unknown("operation", handle))
    }

    pub(crate) fn login(&self, handle: Handle) -> Result<Arc<SshLogin>, VerbError> {
        self.with(|inner| inner.logins.get(&handle).cloned())
            .ok_or_else(|| unknown("session", handle))
    }

    /// Forgets an operation, and with that cancels it.
    pub(crate) fn remove(&self, handle: Handle) {
        if let Some(operation) = self.with(|inner| inner.operations.remove(&handle)) {
            operation.cancel();
        }
    }

    pub(crate) fn remove_login(&self, handle: Handle) -> Option<Arc<SshLogin>> {
        self.with(|inner| inner.logins.remove(&handle))
    }

    /// Cancels everything; gives the logins that are still open.
    pub(crate) fn clear(&self) -> Vec<Arc<SshLogin>> {
        let (operations, logins) = self.with(|inner| {
            (
                std::mem::take(&mut inner.operations),
                std::mem::take(&mut inner.logins),
            )
        });
        for operation in operations.into_values() {
            operation.cancel();
        }
        logins.into_values().collect()
    }

    /// Waits until at least one has an event; the indexes of those that have.
    pub(crate) async fn wait_any(
        &self,
        handles: &[Handle],
        timeout: Option<Duration>,
    ) -> Result<Vec<u32>, VerbError> {
        if handles.is_empty() {
            return Err(VerbError::new(
                ErrorKind::Invalid,
                "there is nothing to wait for",
            ));
        }
        let operations = handles
            .iter()
            .map(|handle| self.get(*handle))
            .collect::<Result<Vec<_>, _>>()?;
        let mut waits: Vec<_> = operations
            .iter()
            .map(|operation| Some(Box::pin(operation.ready())))
            .collect();
        let any = std::future::poll_fn(|context| {
            let mut ready = Vec::new();
            for (index, slot) in (0_u32..).zip(waits.iter_mut()) {
                if let Some(wait) = slot
                    && let Poll::Ready(order) = wait.as_mut().poll(context)
                {
                    *slot = None;
                    ready.push((order, index));
                }
            }
            if ready.is_empty() {
                return Poll::Pending;
            }
            ready.sort_unstable();
            Poll::Ready(ready.into_iter().map(|(_, index)| index).collect())
        });
        let any = pin!(any);
        match timeout {
            None => Ok(any.await),
            Some(timeout) => Ok(tokio::time::timeout(timeout, any).await.unwrap_or_default()),
        }
    }
}

impl Inner {
    fn number(&mut self) -> Result<Handle, VerbError> {
        if self.operations.len() + self.logins.len() >= MAX_OPEN {
            return Err(VerbError::new(
                ErrorKind::TooLarge,
                format!(
                    "the step holds {MAX_OPEN} operations and sessions: drop those that are done"
                ),
            ));
        }
        self.next = self.next.wrapping_add(1);
        Ok(self.next)
    }
}

fn unknown(what: &str, handle: Handle) -> VerbError {
    VerbError::new(ErrorKind::Invalid, format!("there is no {what} {handle}"))
}
