//! A host made of a test's answers.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::call::Call;
use super::reply::{Answer, Reply};
use crate::duration::Duration;
use crate::error::{Error, ErrorKind};
use crate::log::{Annotation, Level, Log, Progress};
use crate::ops::{Event, Ops};
use crate::time::Time;

type Answers<'a> = Box<dyn FnMut(&Call) -> Reply + 'a>;

/// A host whose answers are a test's.
pub struct Mock<'a> {
    answers: RefCell<Answers<'a>>,
    now: Cell<Duration>,
    cancelled_at: Option<Duration>,
    depth: Cell<usize>,
    calls: Rc<RefCell<Vec<Call>>>,
    lines: RefCell<Vec<String>>,
    progress: RefCell<Vec<Progress>>,
    annotations: RefCell<Vec<Annotation>>,
}

/// An operation of the mock.
#[derive(Debug)]
pub struct MockOp {
    ready_at: Duration,
    events: RefCell<VecDeque<Event>>,
    cancelled: Cell<bool>,
    result: Result<Answer, Error>,
    pub(super) target: String,
}

/// A login of the mock. Dropping it is a [`Call::Close`].
#[derive(Debug)]
pub struct MockSession {
    pub(super) target: String,
    calls: Rc<RefCell<Vec<Call>>>,
}

impl Drop for MockSession {
    fn drop(&mut self) {
        self.calls.borrow_mut().push(Call::Close {
            target: self.target.clone(),
        });
    }
}

impl<'a> Mock<'a> {
    /// A host that answers each call with this function.
    pub fn new<R: Into<Reply>>(mut answers: impl FnMut(&Call) -> R + 'a) -> Self {
        Self {
            answers: RefCell::new(Box::new(move |call| answers(call).into())),
            now: Cell::default(),
            cancelled_at: None,
            depth: Cell::default(),
            calls: Rc::default(),
            lines: RefCell::default(),
            progress: RefCell::default(),
            annotations: RefCell::default(),
        }
    }

    /// The same host, whose step is cancelled at this time after its start: whatever is under way then, and whatever
    /// is waited for later but was started before, ends in `cancelled`.
    #[must_use]
    pub fn cancelled_at(mut self, time: Duration) -> Self {
        self.cancelled_at = Some(time);
        self
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// The calls so far, in short: see [`Call::summary`].
    pub fn summaries(&self) -> Vec<String> {
        self.calls.borrow().iter().map(Call::summary).collect()
    }

    /// The log so far: `info: message`, two spaces in front for each group around it, groups as `[title]`.
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The progress shown so far.
    pub fn shown_progress(&self) -> Vec<Progress> {
        self.progress.borrow().clone()
    }

    /// The annotations so far.
    pub fn annotations(&self) -> Vec<Annotation> {
        self.annotations.borrow().clone()
    }

    /// How many groups are open.
    pub fn open_groups(&self) -> usize {
        self.depth.get()
    }

    /// How much virtual time has passed.
    pub fn elapsed(&self) -> Duration {
        self.now.get()
    }

    pub(super) fn call(&self, call: Call) -> Result<Answer, Error> {
        self.reply(call).result
    }

    pub(super) fn start(&self, call: Call, target: &str) -> Result<MockOp, Error> {
        let reply = self.reply(call);
        match reply.result {
            Err(error) if reply.at_once => Err(error),
            result => Ok(MockOp {
                ready_at: self.later(reply.after),
                events: RefCell::new(reply.events.into()),
                cancelled: Cell::new(false),
                result,
                target: target.to_owned(),
            }),
        }
    }

    pub(super) fn result(&self, op: &MockOp) -> Result<Answer, Error> {
        if op.cancelled.get() {
            return Err(cancelled());
        }
        if op.ready_at > self.now.get() {
            return Err(Error::new(
                ErrorKind::Invalid,
                "the operation has not ended",
            ));
        }
        op.result.clone()
    }

    pub(super) fn session_of(&self, op: &MockOp) -> Result<MockSession, Error> {
        self.result(op)?;
        Ok(MockSession {
            target: op.target.clone(),
            calls: Rc::clone(&self.calls),
        })
    }

    fn reply(&self, call: Call) -> Reply {
        self.calls.borrow_mut().push(call.clone());
        (self.answers.borrow_mut())(&call)
    }

    fn later(&self, time: Duration) -> Duration {
        Duration::from_nanos(self.now.get().as_nanos().saturating_add(time.as_nanos()))
    }

    fn write(&self, text: &str) {
        let indent = "  ".repeat(self.depth.get());
        self.lines
            .borrow_mut()
            .extend(text.lines().map(|line| format!("{indent}{line}")));
    }

    fn is_ready(&self, op: &MockOp) -> bool {
        !op.events.borrow().is_empty() || op.cancelled.get() || op.ready_at <= self.now.get()
    }

    /// Lets time pass until `op` is ready or, before that, `until`; cancels it where the step's cancelling comes first.
    fn pass(&self, op: &MockOp, until: Duration) {
        let goal = op.ready_at.min(until);
        match self.cancelled_at {
            Some(at) if self.now.get() < at && at <= goal => {
                self.now.set(at);
                op.cancelled.set(true);
            }
            _ => self.now.set(goal.max(self.now.get())),
        }
    }
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the step was cancelled")
}

impl Ops for Mock<'_> {
    type Op = MockOp;

    fn next(&self, op: &MockOp, timeout: Option<Duration>) -> Result<Option<Event>, Error> {
        if let Some(event) = op.events.borrow_mut().pop_front() {
            return Ok(Some(event));
        }
        if !self.is_ready(op) {
            self.pass(
                op,
                timeout.map_or(op.ready_at, |timeout| self.later(timeout)),
            );
        }
        Ok(self.is_ready(op).then_some(Event::Done))
    }

    fn cancel(&self, op: &MockOp) {
        op.cancelled.set(true);
    }

    fn wait_any(&self, ops: &[&MockOp], timeout: Option<Duration>) -> Result<Vec<usize>, Error> {
        if !ops.iter().any(|op| self.is_ready(op))
            && let Some(first) = ops.iter().min_by_key(|op| op.ready_at)
        {
            self.pass(
                first,
                timeout.map_or(first.ready_at, |timeout| self.later(timeout)),
            );
            if first.cancelled.get() {
                ops.iter().for_each(|op| op.cancelled.set(true));
            }
        }
        let mut ready: Vec<usize> = (0..ops.len())
            .filter(|index| self.is_ready(ops[*index]))
            .collect();
        ready.sort_by_key(|index| ops[*index].ready_at);
        Ok(ready)
    }
}

impl Time for Mock<'_> {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn start_sleep(&self, time: Duration) -> MockOp {
        MockOp {
            ready_at: self.later(time),
            events: RefCell::default(),
            cancelled: Cell::new(false),
            result: Ok(Answer::Done),
            target: String::new(),
        }
    }

    fn sleep(&self, time: Duration) -> Result<(), Error> {
        let op = self.start_sleep(time);
        self.wait(&op)?;
        self.result(&op).map(|_| ())
    }
}

impl Log for Mock<'_> {
    fn line(&self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        for line in message.lines() {
            self.write(&format!("{level}: {line}"));
        }
    }

    fn group(&self, title: &str) {
        self.write(&format!("[{title}]"));
        self.depth.set(self.depth.get() + 1);
    }

    fn end_group(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    fn progress(&self, progress: &Progress) {
        self.progress.borrow_mut().push(progress.clone());
    }

    fn annotate(&self, annotation: &Annotation) {
        self.annotations.borrow_mut().push(annotation.clone());
    }
}
