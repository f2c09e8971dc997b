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

    /// The same host, whose step is cancelled at this time after its start: what is waited for then ends in `cancelled`,
    /// what is started later works, as it does on the real host for a while.
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
        self.now.get().saturating_add(time)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileStreams;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Each `open_read` takes as many seconds as its entry says.
    fn timed() -> Mock<'static> {
        Mock::new(|call: &Call| match call {
            Call::OpenRead { entry, .. } => {
                Reply::from(Answer::Done).after(seconds(entry.parse().unwrap()))
            }
            _ => Error::new(ErrorKind::Internal, "not expected").into(),
        })
    }

    fn ops(host: &Mock<'_>, times: &[&str]) -> Vec<MockOp> {
        times
            .iter()
            .map(|time| host.open_read("/file", time).unwrap())
            .collect()
    }

    #[test]
    fn operations_end_in_the_order_of_their_times() {
        let host = timed();
        let ops = ops(&host, &["3", "1", "2", "1"]);
        let mut ended = Vec::new();
        host.wait_all(&ops, |index| {
            ended.push((index, host.elapsed()));
            Ok::<(), Error>(())
        })
        .unwrap();
        assert_eq!(
            ended,
            [
                (1, seconds(1)),
                (3, seconds(1)),
                (2, seconds(2)),
                (0, seconds(3))
            ]
        );
    }

    #[test]
    fn a_wait_ends_with_its_time() {
        let host = timed();
        let ops = ops(&host, &["3"]);
        assert_eq!(host.next(&ops[0], Some(seconds(1))), Ok(None));
        assert_eq!(host.wait_any(&[&ops[0]], Some(seconds(1))), Ok(Vec::new()));
        assert_eq!(host.elapsed(), seconds(2));
        assert!(host.result(&ops[0]).is_err());
        assert_eq!(host.wait(&ops[0]), Ok(()));
        assert_eq!(host.elapsed(), seconds(3));
    }

    #[test]
    fn events_come_before_the_end() {
        let event = Event::Stdout(b"hello".to_vec());
        let reply = Reply::from(Answer::Done).with_event(event.clone());
        let host = Mock::new(move |_: &Call| reply.clone());
        let op = host.open_read("/file", "").unwrap();
        let mut seen = Vec::new();
        host.finish(&op, |event| seen.push(event)).unwrap();
        assert_eq!(seen, [event]);
    }

    #[test]
    fn cancelling_ends_what_is_under_way_and_nothing_later() {
        let host = timed().cancelled_at(seconds(2));
        let ops = ops(&host, &["1", "5"]);
        assert_eq!(host.wait(&ops[0]), Ok(()));
        assert!(host.result(&ops[0]).is_ok());
        assert_eq!(
            host.sleep(seconds(9)).unwrap_err().kind,
            ErrorKind::Cancelled
        );
        assert_eq!(host.elapsed(), seconds(2));
        assert_eq!(host.sleep(seconds(9)), Ok(()));
        assert_eq!(host.elapsed(), seconds(11));
        host.cancel(&ops[1]);
        assert_eq!(host.result(&ops[1]).unwrap_err().kind, ErrorKind::Cancelled);
    }
}
