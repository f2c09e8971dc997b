//! One run of a plugin, whatever its way in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{I32Exit, WasiCtx};

use super::host::{OutputStream, StepHost};
use super::interfaces::AbiKind;
use super::invocation::{Arguments, Invocation};
use super::limits::Limits;
use super::outcome::{RunOutcome, RunReport, RunStats};
use super::plugin::{Entry, LoadedPlugin};
use super::state::{self, State};
use super::supervise::{Stop, bounded};
use super::wasi::stdio::{InputPipe, OutputPipe};
use super::wasi::{Context, context};
use super::{command, plain, trap, wasi, world};

/// The argument that a command plugin sees as its own name.
const COMMAND_NAME: &str = "plugin";

/// Runs to the end, within the invocation's limits.
pub(crate) async fn run(
    engine: &Engine,
    plugin: &LoadedPlugin,
    invocation: Invocation,
    host: Arc<dyn StepHost>,
) -> RunReport {
    let start = Instant::now();
    let prepared = match prepare(engine, plugin, &invocation, host) {
        Ok(prepared) => prepared,
        Err(message) => return report(RunOutcome::HostFault { message }, 0, start.elapsed()),
    };
    let Prepared { mut store, guest } = prepared;
    let Limits { time, grace, .. } = invocation.limits;
    let ended = bounded(
        guest.run(plugin, &mut store),
        time,
        grace,
        &invocation.cancel,
    )
    .await;
    let usage = store.data().usage();
    let outcome = match ended {
        Err(Stop::Time) => RunOutcome::TimedOut { limit: time },
        Err(Stop::Cancelled) => RunOutcome::Cancelled,
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) if usage.refused() => RunOutcome::OutOfMemory {
            limit: invocation.limits.memory,
        },
        Ok(Err(error)) => RunOutcome::Trapped {
            message: trap::message(&error),
        },
    };
    // What a cancelled plugin finished is finished; how it failed is of no interest then.
    let outcome = match outcome {
        finished @ (RunOutcome::Finished { .. } | RunOutcome::HostFault { .. }) => finished,
        RunOutcome::TimedOut { limit } => RunOutcome::TimedOut { limit },
        RunOutcome::Exited {
            code: 0,
            stdout,
            truncated,
        } => RunOutcome::Exited {
            code: 0,
            stdout,
            truncated,
        },
        _ if invocation.cancel.is_cancelled() => RunOutcome::Cancelled,
        other => other,
    };
    report(outcome, usage.peak(), start.elapsed())
}

fn report(outcome: RunOutcome, peak: usize, duration: Duration) -> RunReport {
    let peak_memory = u64::try_from(peak).unwrap_or(u64::MAX);
    RunReport {
        outcome,
        stats: RunStats {
            peak_memory,
            duration,
        },
    }
}

struct Prepared {
    store: Store<State>,
    guest: Guest,
}

/// What the guest is given, by its way in.
enum Guest {
    World {
        inputs: String,
        outputs_limit: usize,
    },
    Command(command::Session),
    Plain(Arc<plain::Capture>),
}

impl Guest {
    async fn run(
        self,
        plugin: &LoadedPlugin,
        store: &mut Store<State>,
    ) -> wasmtime::Result<RunOutcome> {
        match (plugin.entry(), self) {
            (
                Entry::World(pre),
                Self::World {
                    inputs,
                    outputs_limit,
                },
            ) => world::run(pre, store, &inputs, outputs_limit).await,
            (Entry::Program(pre), Self::Command(session)) => session.run(program(pre, store)).await,
            (Entry::Program(pre), Self::Plain(capture)) => {
                let code = program(pre, store).await?;
                let (stdout, truncated) = capture.take();
                Ok(RunOutcome::Exited {
                    code,
                    stdout,
                    truncated,
                })
            }
            _ => wasmtime::bail!("the plugin's way in and its arguments differ"),
        }
    }
}

/// Runs a WASI program to its end; its exit code.
async fn program(pre: &CommandPre<State>, store: &mut Store<State>) -> wasmtime::Result<i32> {
    let command = pre.instantiate_async(&mut *store).await?;
    match command.wasi_cli_run().call_run(&mut *store).await {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => Ok(*code),
            None => Err(error),
        },
    }
}

fn prepare(
    engine: &Engine,
    plugin: &LoadedPlugin,
    invocation: &Invocation,
    host: Arc<dyn StepHost>,
) -> Result<Prepared, String> {
    let log = |stream| OutputPipe::new(plain::Log::sink(&host, stream));
    let stderr = log(OutputStream::Stderr);
    let (guest, wasi) = match (plugin.abi(), &invocation.arguments) {
        (AbiKind::World, Arguments::Step { inputs }) => {
            let guest = Guest::World {
                inputs: inputs.clone(),
                outputs_limit: invocation.limits.outputs,
            };
            let parts = Parts {
                args: &[],
                env: &[],
                stdin: None,
                stdout: log(OutputStream::Stdout),
                stderr,
            };
            (guest, parts.context(invocation, &host)?)
        }
        (AbiKind::Command, Arguments::Step { inputs }) => {
            let session = command::Session::start(inputs, invocation.limits.outputs, &host)?;
            let args = [COMMAND_NAME.to_owned()];
            let parts = Parts {
                args: &args,
                env: &[],
                stdin: Some(session.stdin()),
                stdout: session.stdout(),
                stderr,
            };
            let wasi = parts.context(invocation, &host)?;
            (Guest::Command(session), wasi)
        }
        (
            AbiKind::Plain,
            Arguments::Plain {
                args,
                env,
                stdin,
                stdout_capture_limit,
            },
        ) => {
            let capture = plain::Capture::new(&host, *stdout_capture_limit);
            let stdout = OutputPipe::new(Arc::clone(&capture) as Arc<dyn wasi::stdio::Sink>);
            let parts = Parts {
                args,
                env,
                stdin: Some(InputPipe::of(stdin.clone())),
                stdout,
                stderr,
            };
            let wasi = parts.context(invocation, &host)?;
            (Guest::Plain(capture), wasi)
        }
        (abi, _) => {
            return Err(format!(
                "a plugin of the way in `{abi}` was given another's arguments"
            ));
        }
    };
    let store = state::store(engine, wasi, host, invocation.limits.memory);
    Ok(Prepared { store, guest })
}

struct Parts<'a> {
    args: &'a [String],
    env: &'a [(String, String)],
    stdin: Option<InputPipe>,
    stdout: OutputPipe,
    stderr: OutputPipe,
}

impl Parts<'_> {
    fn context(self, invocation: &Invocation, host: &Arc<dyn StepHost>) -> Result<WasiCtx, String> {
        let Self {
            args,
            env,
            stdin,
            stdout,
            stderr,
        } = self;
        let context_parts = Context {
            args,
            env,
            preopens: &invocation.preopens,
            stdin,
            stdout,
            stderr,
        };
        context(context_parts, host).map_err(|error| format!("{error:#}"))
    }
}
