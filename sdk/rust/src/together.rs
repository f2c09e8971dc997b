//! Several flows of work at once, in a step that is single-threaded.
//!
//! Each flow is an `async` function that waits by [`Together::finish`] and by nothing else. While all of them wait the
//! host is asked which operation comes first.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::duration::Duration;
use crate::error::Error;
use crate::ops::{Event, Ops};

/// A flow of work.
pub type Flow<'f, T> = Pin<Box<dyn Future<Output = T> + 'f>>;

/// Runs flows side by side.
pub struct Together<'h, H: Ops> {
    host: &'h H,
    /// The flow that is being polled.
    current: Cell<usize>,
    waiting: RefCell<Vec<Waiting<H::Op>>>,
    /// Why the host could not wait: told to every flow that waits at that moment.
    trouble: RefCell<Option<Error>>,
}

struct Waiting<O> {
    flow: usize,
    op: Rc<O>,
}

impl<'h, H: Ops> Together<'h, H> {
    /// Flows on this host.
    pub fn on(host: &'h H) -> Self {
        Self {
            host,
            current: Cell::default(),
            waiting: RefCell::default(),
            trouble: RefCell::default(),
        }
    }

    /// Waits until an operation has ended, and shows each event before that to `each`; other flows go on meanwhile.
    ///
    /// # Errors
    /// As [`Ops::next`] and [`Ops::wait_any`].
    pub async fn finish(&self, op: H::Op, mut each: impl FnMut(Event)) -> Result<Rc<H::Op>, Error> {
        let op = Rc::new(op);
        loop {
            self.ready(&op).await?;
            match self.host.next(&op, Some(Duration::default()))? {
                Some(Event::Done) => return Ok(op),
                Some(event) => each(event),
                None => {}
            }
        }
    }

    /// Waits until an operation has an event.
    async fn ready(&self, op: &Rc<H::Op>) -> Result<(), Error> {
        let mut waited = false;
        poll_fn(|_| {
            if waited {
                let trouble = self.trouble.borrow().clone();
                return Poll::Ready(trouble.map_or(Ok(()), Err));
            }
            waited = true;
            self.waiting.borrow_mut().push(Waiting {
                flow: self.current.get(),
                op: Rc::clone(op),
            });
            Poll::Pending
        })
        .await
    }

    /// Runs the flows, at most `limit` at once, in their order. When one has ended `more` says whether further ones are
    /// begun; those under way go on to their end in any case. The results in the flows' order; none for one that was
    /// not begun.
    pub fn run<'f, T>(
        &self,
        flows: Vec<Flow<'f, T>>,
        limit: usize,
        mut more: impl FnMut(usize, &T) -> bool,
    ) -> Vec<Option<T>> {
        let mut results: Vec<Option<T>> = flows.iter().map(|_| None).collect();
        let mut queue = flows.into_iter().enumerate();
        let mut active: Vec<(usize, Flow<'f, T>)> = Vec::new();
        let mut going = true;
        loop {
            let mut awake: Vec<(usize, Flow<'f, T>)> = Vec::new();
            if going && active.len() < limit.max(1) {
                awake.extend(queue.next());
            }
            if awake.is_empty() {
                if active.is_empty() {
                    return results;
                }
                let woken = self.wait();
                if woken.is_empty() && self.waiting.borrow().is_empty() {
                    // A flow that waits for something else would never be woken.
                    return results;
                }
                let (up, still): (Vec<_>, Vec<_>) = active
                    .into_iter()
                    .partition(|(index, _)| woken.contains(index));
                (awake, active) = (up, still);
            }
            for (index, mut flow) in awake {
                self.current.set(index);
                match flow.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Pending => active.push((index, flow)),
                    Poll::Ready(result) => {
                        going = more(index, &result) && going;
                        if let Some(place) = results.get_mut(index) {
                            *place = Some(result);
                        }
                    }
                }
            }
            self.trouble.borrow_mut().take();
        }
    }

    /// Waits until at least one operation has an event, and says whose flows are to go on.
    fn wait(&self) -> Vec<usize> {
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        let ops: Vec<&H::Op> = waiting.iter().map(|waiting| &*waiting.op).collect();
        let ready = match self.host.wait_any(&ops, None) {
            Ok(ready) => ready,
            Err(error) => {
                *self.trouble.borrow_mut() = Some(error);
                (0..waiting.len()).collect()
            }
        };
        let mut woken = Vec::new();
        for (index, waiting) in waiting.into_iter().enumerate() {
            if ready.contains(&index) {
                woken.push(waiting.flow);
            } else {
                self.waiting.borrow_mut().push(waiting);
            }
        }
        woken
    }
}
