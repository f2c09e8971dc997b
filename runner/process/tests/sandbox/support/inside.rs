//! What the tests launch in the place of the `capstep` program; and a runner of its own (`launch`), which tests start as
//! another user: it reads a request from standard input and writes an answer.

#[path = "request.rs"]
#[allow(unreachable_pub, reason = "shared with the tests")]
mod request;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use capstep_process::{Event, Host, Program, Stream, run};
use request::{Answer, Request, TestUpstream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = capstep_process::inside::enter(arguments.clone()) {
        return code;
    }
    if arguments.first().is_none_or(|word| word != "launch") {
        return ExitCode::FAILURE;
    }
    let launched = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| {
            let request: Request = serde_json::from_reader(io::stdin())?;
            Ok(serde_json::to_writer(
                io::stdout(),
                &runtime.block_on(launch(request)),
            )?)
        });
    match launched {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn launch(request: Request) -> Answer {
    let (events, mut received) = mpsc::channel(16);
    let host = Host {
        program: Program::this(),
        scratch: request.scratch,
        upstream: Some(Arc::new(TestUpstream)),
    };
    let mut answer = Answer::default();
    let collect = async {
        while let Some(event) = received.recv().await {
            match event {
                Event::Output(Stream::Stdout, bytes) => answer.stdout.extend(bytes),
                Event::Output(Stream::Stderr, bytes) => answer.stderr.extend(bytes),
                Event::Network(attempt) => answer.attempts.push(attempt.to_string()),
                Event::Started(_) => {}
            }
        }
    };
    let (outcome, ()) = tokio::join!(
        run(&host, request.spec, events, CancellationToken::new()),
        collect
    );
    match outcome {
        Ok(outcome) => {
            answer.success = outcome.success();
            answer.end = Some(outcome.end);
            answer.enforced = Some(outcome.enforced);
            answer.denied = outcome.denied.iter().map(ToString::to_string).collect();
            answer.reserved_created = outcome.reserved_created;
        }
        Err(error) => answer.error = Some(error.to_string()),
    }
    answer
}
