//! The mock behind each interface: the call goes to the test's function, its answer is unpacked.

use super::call::Call;
use super::mock::{Mock, MockOp, MockSession};
use super::reply::Answer;
use crate::docker::{BuildOptions, Built, Docker, Image, Transferred};
use crate::error::{Error, ErrorKind};
use crate::files::{EntriesOptions, Entry, FileStreams, Files, Stat, WriteOptions, Written};
use crate::http::{Http, Request, Response};
use crate::secrets::Secrets;
use crate::ssh::{Exit, Released, RemoteStat, RunOptions, Ssh, Transfer, Uploaded};
use crate::state::State;
use crate::tcp::{Options, Tcp};

/// Takes one kind of answer out; another is the test's mistake, told as an error.
macro_rules! expect {
    ($answer:expr, $pattern:pat => $value:expr) => {
        match $answer? {
            $pattern => Ok($value),
            other => Err(Error::new(
                ErrorKind::Internal,
                format!("the test answered {other:?}"),
            )),
        }
    };
}

impl Files for Mock<'_> {
    fn read(&self, input: &str, entry: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        let call = Call::Read {
            input: input.to_owned(),
            entry: entry.to_owned(),
            offset,
            length,
        };
        expect!(self.call(call), Answer::Bytes(bytes) => bytes)
    }

    fn write(
        &self,
        input: &str,
        entry: &str,
        content: &[u8],
        options: WriteOptions,
    ) -> Result<(), Error> {
        let call = Call::Write {
            input: input.to_owned(),
            entry: entry.to_owned(),
            content: content.to_vec(),
            options,
        };
        expect!(self.call(call), Answer::Done => ())
    }

    fn write_entries(
        &self,
        input: &str,
        format: &str,
        values: &[String],
        options: &EntriesOptions,
    ) -> Result<Written, Error> {
        let call = Call::WriteEntries {
            input: input.to_owned(),
            format: format.to_owned(),
            values: values.to_vec(),
            options: options.clone(),
        };
        expect!(self.call(call), Answer::Written(written) => written)
    }

    fn list(&self, input: &str, entry: &str, recursive: bool) -> Result<Vec<Entry>, Error> {
        let call = Call::List {
            input: input.to_owned(),
            entry: entry.to_owned(),
            recursive,
        };
        expect!(self.call(call), Answer::Entries(entries) => entries)
    }

    fn stat(&self, input: &str, entry: &str) -> Result<Stat, Error> {
        let call = Call::Stat {
            input: input.to_owned(),
            entry: entry.to_owned(),
        };
        expect!(self.call(call), Answer::Stat(stat) => stat)
    }

    fn remove(&self, input: &str, entry: &str) -> Result<(), Error> {
        let call = Call::Remove {
            input: input.to_owned(),
            entry: entry.to_owned(),
        };
        expect!(self.call(call), Answer::Done => ())
    }

    fn digest(&self, input: &str, entry: &str) -> Result<String, Error> {
        let call = Call::Digest {
            input: input.to_owned(),
            entry: entry.to_owned(),
        };
        expect!(self.call(call), Answer::Text(digest) => digest)
    }
}

impl FileStreams for Mock<'_> {
    fn open_read(&self, input: &str, entry: &str) -> Result<MockOp, Error> {
        self.start(
            Call::OpenRead {
                input: input.to_owned(),
                entry: entry.to_owned(),
            },
            "",
        )
    }

    fn open_write(&self, input: &str, entry: &str) -> Result<MockOp, Error> {
        self.start(
            Call::OpenWrite {
                input: input.to_owned(),
                entry: entry.to_owned(),
            },
            "",
        )
    }

    fn pipe(&self, _: &MockOp, _: &MockOp) -> Result<MockOp, Error> {
        self.start(Call::Pipe, "")
    }
}

impl Http for Mock<'_> {
    fn start_send(&self, request: &Request) -> Result<MockOp, Error> {
        self.start(Call::Send(request.clone()), "")
    }

    fn response(&self, op: &MockOp) -> Result<Response, Error> {
        expect!(self.result(op), Answer::Response(response) => response)
    }
}

impl Tcp for Mock<'_> {
    fn start_tcp_connect(&self, address: &str, options: Options) -> Result<MockOp, Error> {
        self.start(
            Call::TcpConnect {
                address: address.to_owned(),
                options,
            },
            "",
        )
    }

    fn answer(&self, op: &MockOp) -> Result<crate::tcp::Answer, Error> {
        expect!(self.result(op), Answer::Tcp(answer) => answer)
    }
}

impl Secrets for Mock<'_> {
    fn reveal(&self, input: &str) -> Result<String, Error> {
        expect!(self.call(Call::Reveal { input: input.to_owned() }), Answer::Text(value) => value)
    }
}

impl Ssh for Mock<'_> {
    type Session = MockSession;

    fn start_connect(&self, target: &str) -> Result<MockOp, Error> {
        self.start(
            Call::Connect {
                target: target.to_owned(),
            },
            target,
        )
    }

    fn session(&self, op: &MockOp) -> Result<MockSession, Error> {
        self.session_of(op)
    }

    fn start_run(
        &self,
        session: &MockSession,
        script: &str,
        options: RunOptions,
    ) -> Result<MockOp, Error> {
        let target = session.target.clone();
        self.start(
            Call::Run {
                target,
                script: script.to_owned(),
                options,
            },
            &session.target,
        )
    }

    fn start_upload(&self, session: &MockSession, transfers: &[Transfer]) -> Result<MockOp, Error> {
        let target = session.target.clone();
        self.start(
            Call::Upload {
                target,
                transfers: transfers.to_vec(),
            },
            &session.target,
        )
    }

    fn start_download(
        &self,
        session: &MockSession,
        source: &str,
        destination: &str,
    ) -> Result<MockOp, Error> {
        let target = session.target.clone();
        let call = Call::Download {
            target,
            source: source.to_owned(),
            destination: destination.to_owned(),
        };
        self.start(call, &session.target)
    }

    fn start_stat(&self, session: &MockSession, path: &str, entry: &str) -> Result<MockOp, Error> {
        let target = session.target.clone();
        let call = Call::RemoteStat {
            target,
            path: path.to_owned(),
            entry: entry.to_owned(),
        };
        self.start(call, &session.target)
    }

    fn start_begin_release(&self, session: &MockSession, release: &str) -> Result<MockOp, Error> {
        let target = session.target.clone();
        self.start(
            Call::BeginRelease {
                target,
                release: release.to_owned(),
            },
            &session.target,
        )
    }

    fn start_commit_release(&self, session: &MockSession) -> Result<MockOp, Error> {
        self.start(
            Call::CommitRelease {
                target: session.target.clone(),
            },
            &session.target,
        )
    }

    fn start_abort_release(&self, session: &MockSession) -> Result<MockOp, Error> {
        self.start(
            Call::AbortRelease {
                target: session.target.clone(),
            },
            &session.target,
        )
    }

    fn start_exec(
        &self,
        session: &MockSession,
        command: &[String],
        options: RunOptions,
    ) -> Result<MockOp, Error> {
        let target = session.target.clone();
        self.start(
            Call::Exec {
                target,
                command: command.to_vec(),
                options,
            },
            &session.target,
        )
    }

    fn exit(&self, op: &MockOp) -> Result<Exit, Error> {
        expect!(self.result(op), Answer::Exit(exit) => exit)
    }

    fn uploaded(&self, op: &MockOp) -> Result<Uploaded, Error> {
        expect!(self.result(op), Answer::Uploaded(uploaded) => uploaded)
    }

    fn found(&self, op: &MockOp) -> Result<Option<RemoteStat>, Error> {
        expect!(self.result(op), Answer::Found(found) => found)
    }

    fn released(&self, op: &MockOp) -> Result<Released, Error> {
        expect!(self.result(op), Answer::Released(released) => released)
    }
}

impl State for Mock<'_> {
    fn get(&self, input: &str, name: &str) -> Result<Option<String>, Error> {
        let (input, name) = (input.to_owned(), name.to_owned());
        expect!(self.call(Call::StateGet { input, name }), Answer::Value(value) => value)
    }

    fn set(&self, input: &str, name: &str, value: &str) -> Result<(), Error> {
        let call = Call::StateSet {
            input: input.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        expect!(self.call(call), Answer::Done => ())
    }

    fn unset(&self, input: &str, name: &str) -> Result<(), Error> {
        let (input, name) = (input.to_owned(), name.to_owned());
        expect!(self.call(Call::StateUnset { input, name }), Answer::Done => ())
    }

    fn names(&self, input: &str) -> Result<Vec<String>, Error> {
        let input = input.to_owned();
        expect!(self.call(Call::StateNames { input }), Answer::Names(names) => names)
    }
}

impl Docker for Mock<'_> {
    fn start_login(&self, registry: &str) -> Result<MockOp, Error> {
        let registry = registry.to_owned();
        self.start(Call::Login { registry }, "")
    }

    fn start_build(
        &self,
        context: &str,
        tags: &[String],
        options: BuildOptions,
    ) -> Result<MockOp, Error> {
        let call = Call::Build {
            context: context.to_owned(),
            tags: tags.to_vec(),
            options,
        };
        self.start(call, "")
    }

    fn start_pull(&self, image: &str) -> Result<MockOp, Error> {
        let image = image.to_owned();
        self.start(Call::Pull { image }, "")
    }

    fn start_push(&self, image: &str) -> Result<MockOp, Error> {
        let image = image.to_owned();
        self.start(Call::Push { image }, "")
    }

    fn start_tag(&self, source: &str, image: &str) -> Result<MockOp, Error> {
        let call = Call::Tag {
            source: source.to_owned(),
            image: image.to_owned(),
        };
        self.start(call, "")
    }

    fn start_inspect(&self, image: &str) -> Result<MockOp, Error> {
        let image = image.to_owned();
        self.start(Call::Inspect { image }, "")
    }

    fn completed(&self, op: &MockOp) -> Result<(), Error> {
        expect!(self.result(op), Answer::Done => ())
    }

    fn built(&self, op: &MockOp) -> Result<Built, Error> {
        expect!(self.result(op), Answer::Built(built) => built)
    }

    fn transferred(&self, op: &MockOp) -> Result<Transferred, Error> {
        expect!(self.result(op), Answer::Transferred(transferred) => transferred)
    }

    fn inspected(&self, op: &MockOp) -> Result<Option<Image>, Error> {
        expect!(self.result(op), Answer::Inspected(image) => image)
    }
}
