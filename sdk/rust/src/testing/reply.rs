//! What a test's function answers.

use crate::docker::{Built, Image, Transferred};
use crate::duration::Duration;
use crate::error::Error;
use crate::files::{Entry, Stat, Written};
use crate::http::Response;
use crate::ops::Event;
use crate::ssh::{Exit, Released, RemoteStat, Uploaded};

/// A call's result.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is done; there is nothing to say.
    Done,
    /// Bytes that were read.
    Bytes(Vec<u8>),
    /// A digest, or a secret's value.
    Text(String),
    /// A kept value, where there is one.
    Value(Option<String>),
    /// The names of kept values.
    Names(Vec<String>),
    /// What writing entries did.
    Written(Written),
    /// A listing.
    Entries(Vec<Entry>),
    /// What is known of a file.
    Stat(Stat),
    /// An HTTP answer.
    Response(Response),
    /// An open port.
    Tcp(crate::tcp::Answer),
    /// How a script ended.
    Exit(Exit),
    /// What an upload did.
    Uploaded(Uploaded),
    /// What was found at a remote path.
    Found(Option<RemoteStat>),
    /// What a release did.
    Released(Released),
    /// What a build made.
    Built(Built),
    /// What a pull or a push moved.
    Transferred(Transferred),
    /// What is known of an image.
    Inspected(Option<Image>),
}

/// An answer, when it comes, and what happens before it.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) result: Result<Answer, Error>,
    pub(super) after: Duration,
    pub(super) events: Vec<Event>,
    pub(super) at_once: bool,
}

impl Reply {
    /// The same reply, so much (virtual) time after the call.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }

    /// The same reply, with this event before it.
    #[must_use]
    pub fn with_event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// The same error from the call itself, with no operation started.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }
}

impl From<Result<Answer, Error>> for Reply {
    fn from(result: Result<Answer, Error>) -> Self {
        Self {
            result,
            after: Duration::default(),
            events: Vec::new(),
            at_once: false,
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Ok(answer).into()
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        Err(error).into()
    }
}
