//! Between WIT's records and the protocol's.

use super::bindings::capstep::step::{files, http, log, op, ssh, types};
use super::view::{CallError, View};
use crate::protocol::{self, Nanoseconds};

impl types::Host for View<'_> {
    fn convert_error(&mut self, CallError(error): CallError) -> wasmtime::Result<types::Error> {
        Ok(types::Error {
            kind: error.kind.word().to_owned(),
            stage: error.stage,
            message: error.message,
            details: (!error.details.is_null()).then(|| error.details.to_string()),
        })
    }
}

pub(crate) fn duration(time: Option<types::Duration>) -> Option<Nanoseconds> {
    time.map(Nanoseconds)
}

pub(crate) fn progress(progress: types::Progress) -> protocol::Progress {
    protocol::Progress {
        what: progress.what,
        done: progress.done,
        total: progress.total,
    }
}

pub(crate) fn level(level: log::Level) -> protocol::Level {
    match level {
        log::Level::Debug => protocol::Level::Debug,
        log::Level::Info => protocol::Level::Info,
        log::Level::Warn => protocol::Level::Warn,
        log::Level::Error => protocol::Level::Error,
    }
}

pub(crate) fn event(event: protocol::Event) -> op::Event {
    match event {
        protocol::Event::Progress(progress) => op::Event::Progress(types::Progress {
            what: progress.what,
            done: progress.done,
            total: progress.total,
        }),
        protocol::Event::Stdout(bytes) => op::Event::Stdout(bytes.0),
        protocol::Event::Stderr(bytes) => op::Event::Stderr(bytes.0),
        protocol::Event::Done => op::Event::Done,
    }
}

pub(crate) fn stat(stat: protocol::Stat) -> files::Metadata {
    files::Metadata {
        kind: match stat.kind {
            protocol::EntryKind::File => files::Kind::File,
            protocol::EntryKind::Folder => files::Kind::Folder,
            protocol::EntryKind::Link => files::Kind::Link,
            protocol::EntryKind::Other => files::Kind::Other,
        },
        size: stat.size,
        modified: stat.modified,
        mode: stat.mode,
        sealed: stat.sealed,
    }
}

pub(crate) fn request(request: http::Request) -> protocol::Request {
    protocol::Request {
        input: request.input,
        url: request.url,
        method: request.method,
        headers: request.headers.into_iter().map(field).collect(),
        body: body(request.body),
        timeout: duration(request.timeout),
        redirects: request.redirects,
        keep: request.keep,
        stream: request.stream,
    }
}

fn field(field: http::Field) -> protocol::Field {
    protocol::Field {
        name: field.name,
        value: match field.value {
            http::Value::Text(text) => protocol::FieldValue::Text(text),
            http::Value::Input(input) => protocol::FieldValue::Input(input),
            http::Value::Bearer(input) => protocol::FieldValue::Bearer(input),
            http::Value::Basic(http::Credentials { username, password }) => {
                protocol::FieldValue::Basic(protocol::Credentials { username, password })
            }
        },
    }
}

fn body(body: http::Body) -> protocol::Body {
    match body {
        http::Body::Empty => protocol::Body::Empty,
        http::Body::Bytes(bytes) => protocol::Body::Bytes(bytes.into()),
        http::Body::Json(http::JsonBody { text, values }) => {
            protocol::Body::Json(protocol::JsonBody {
                text,
                values: values
                    .into_iter()
                    .map(|http::Placed { at, input }| protocol::Placed { at, input })
                    .collect(),
            })
        }
        http::Body::Form(fields) => protocol::Body::Form(fields.into_iter().map(field).collect()),
        http::Body::Piped => protocol::Body::Piped,
    }
}

pub(crate) fn response(response: protocol::Response) -> http::Reply {
    http::Reply {
        status: response.status,
        headers: response
            .headers
            .into_iter()
            .map(|protocol::ResponseHeader { name, value }| http::Header { name, value })
            .collect(),
        body: response.body.0,
        truncated: response.truncated,
        url: response.url,
        peer: response.peer,
        latency: response.latency.0,
    }
}

pub(crate) fn run_options(options: ssh::RunOptions) -> protocol::RunOptions {
    protocol::RunOptions {
        log: options.log,
        capture: options.capture,
        timeout: duration(options.timeout),
    }
}
