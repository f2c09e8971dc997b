//! The side that asks: starts the process, hands the plugin over, and takes what comes back within limits.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use capstep_process::Program;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::child::{ARGUMENT, COMPONENT};
use super::{COMPILED_SIZE, MALFORMED, MEMORY, REFUSED};
use crate::sandbox::error::LoadError;
use crate::sandbox::limits;

/// Compiles in a process of its own, for at most this long. Dropping the future ends the process.
pub(crate) async fn compile(
    program: &Program,
    bytes: &[u8],
    is_component: bool,
    time: Duration,
) -> Result<Vec<u8>, LoadError> {
    let mut child = start(program, is_component).map_err(|error| failed("started", &error))?;
    let Ok(ended) = timeout(time, exchange(&mut child, bytes)).await else {
        return Err(LoadError::CompileLimit {
            message: format!("it takes longer than {} s", time.as_secs()),
        });
    };
    let (status, code, said) = ended.map_err(|error| failed("talked to", &error))?;
    if code.len() > COMPILED_SIZE {
        return Err(LoadError::CompileLimit {
            message: format!("the result is larger than {COMPILED_SIZE} bytes"),
        });
    }
    outcome(status, code, &said)
}

fn start(program: &Program, is_component: bool) -> io::Result<Child> {
    let kind = if is_component { COMPONENT } else { "module" };
    Command::new(&program.executable)
        .args(&program.arguments)
        .args([ARGUMENT, kind])
        .env_clear()
        .current_dir("/")
        // A Ctrl-C at the terminal is for the runner, which ends this process when it is done with it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

type Ended = (ExitStatus, Vec<u8>, Vec<u8>);

async fn exchange(child: &mut Child, bytes: &[u8]) -> io::Result<Ended> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let hand_over = async {
        if let Some(mut input) = input {
            // A process that reads no further says why on its other pipes.
            let _ = input.write_all(bytes).await;
        }
    };
    let ((), code, said) = tokio::join!(
        hand_over,
        limited(output, COMPILED_SIZE + 1),
        limited(errors, limits::FAILURE_TEXT),
    );
    Ok((child.wait().await?, code?, said?))
}

/// What comes out of a pipe, its beginning alone; the pipe is closed then.
async fn limited(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit as u64).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn outcome(status: ExitStatus, code: Vec<u8>, said: &[u8]) -> Result<Vec<u8>, LoadError> {
    let message = String::from_utf8_lossy(said).into_owned();
    let code_of = |expected: u8| status.code() == Some(i32::from(expected));
    if status.success() {
        Ok(code)
    } else if code_of(MALFORMED) {
        Err(LoadError::Malformed { message })
    } else if code_of(REFUSED) {
        Err(LoadError::Compile { message })
    } else if let Some(signal) = status.signal() {
        // An allocation that is refused ends the process by SIGABRT.
        Err(LoadError::CompileLimit {
            message: format!(
                "the compiler broke off with signal {signal}; it may take {} GiB of memory",
                MEMORY >> 30
            ),
        })
    } else {
        Err(LoadError::Internal { message })
    }
}

fn failed(what: &str, error: &io::Error) -> LoadError {
    LoadError::Internal {
        message: format!("the process that compiles can't be {what}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a shell script in the compiler's place.
    async fn ask(script: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let program = Program {
            executable: "/bin/sh".into(),
            arguments: ["-c", script].map(Into::into).to_vec(),
        };
        let compiled = compile(&program, bytes, true, Duration::from_millis(1_500)).await;
        compiled.map_err(|error| error.to_string())
    }

    async fn check(script: &str, expected: Result<&str, &str>) {
        let found = ask(script, b"a plugin").await;
        let found = found.map(|code| String::from_utf8(code).unwrap());
        let found = found.as_deref().map_err(String::as_str);
        assert_eq!(found, expected, "{script}");
    }

    #[tokio::test]
    async fn what_comes_back_is_code_or_says_why_not() {
        // The arguments behind the script's own are its name and its first parameter.
        check(
            "test \"$0 $1\" = '__compile component' && cat",
            Ok("a plugin"),
        )
        .await;
        check(
            "echo half; printf 'an odd section' >&2; exit 10",
            Err("this WebAssembly is broken: an odd section"),
        )
        .await;
        check(
            "printf 'a large function' >&2; exit 11",
            Err("this can't be compiled: a large function"),
        )
        .await;
        check(
            "echo half; kill -ABRT $$",
            Err(
                "this can't be compiled: the compiler broke off with signal 6; it may take 4 GiB of memory",
            ),
        )
        .await;
        check(
            "exec sleep 1000",
            Err("this can't be compiled: it takes longer than 1 s"),
        )
        .await;
        // It sees nothing of the runner's environment and folder.
        check("echo $PWD $HOME; env | grep -c CARGO || true", Ok("/\n0\n")).await;
    }

    #[tokio::test]
    async fn a_process_that_reads_nothing_is_no_obstacle() {
        let found = ask("exit 12", &vec![0; 8 << 20]).await;
        assert!(found.unwrap_err().contains("a fault of the runner"));
    }

    #[tokio::test]
    async fn it_ends_with_the_future() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!(
            "echo $$ >{0}.new; mv {0}.new {0}; exec sleep 1000",
            file.display()
        );
        let asked = tokio::spawn(async move { ask(&script, b"").await });
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid: i32 = std::fs::read_to_string(&file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        asked.abort();
        let pid = nix::unistd::Pid::from_raw(pid);
        // It is killed when the future is dropped; the runtime takes its end some time later.
        for _ in 0..500 {
            if nix::sys::signal::kill(pid, None).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the process goes on");
    }
}
