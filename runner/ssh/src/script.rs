//! The pipeline's script on the remote host, by a fixed bootstrap.
//!
//! The command line is one of three constants; environment, folder and script go over standard input as a small shell
//! program in which every value is one single-quoted word. So nothing of them is in a process list, in the server's
//! log or on its disk, and the server needs no `AcceptEnv`.

use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::error::{SshError, SshErrorKind};
use crate::exec::{AfterInput, ExitStatus, Output};
use crate::quote::{is_plain, is_variable_name, single_quote};
use crate::session::Session;

/// Runs the program on standard input by bash where there is one, else by sh. It holds no quote, backslash or line
/// end, so that every login shell (fish and csh too) takes it alike.
pub const BOOTSTRAP_AUTO: &str =
    "exec /bin/sh -c 'if command -v bash >/dev/null 2>&1; then exec bash -s; else exec sh -s; fi'";
/// Runs the program on standard input by bash.
pub const BOOTSTRAP_BASH: &str = "exec bash -s";
/// Runs the program on standard input by sh.
pub const BOOTSTRAP_SH: &str = "exec /bin/sh -s";

/// The bootstrap's own exit code when the working directory cannot be entered.
const NO_DIRECTORY: u32 = 125;

/// Ends the script's processes when its channel is closed while it runs: because the step was cancelled, or because
/// the connection is gone. sshd itself forwards no signal to a process of root's.
///
/// The channel is standard input, kept as descriptor 3 for a watcher that waits for its end. The watcher is a
/// grandchild, so that the script's `wait` does not wait for it, and holds no output, so that the script's end is
/// seen. It starts inside the group that holds the script, when the shell has read the whole program: earlier it would
/// take the rest of it. Once the shell is gone it does nothing: what a script leaves in the background on purpose lives on.
const WATCHER: &str = "{ ( ( while read -r line; do :; done; kill -0 $$ && kill -TERM -$$ ) <&3 >/dev/null 2>&1 & ); \
                       exec 3<&-; ";

/// How the program begins: `$1` is a line end from here on. Bash and busybox number an `eval`'s lines from the line that
/// it stands in; only where all before the script's end is one line does a message name the script's own line.
pub const PROGRAM_START: &str = r#"set -- "$(printf '\n.')"; set -- "${1%.}"; "#;

/// Ends the script at the first command that fails; in bash also where one of a pipe does, as for scripts on this machine.
const ERREXIT: &str = r#"set -e; [ -z "${BASH_VERSION-}" ] || set -o pipefail; "#;

/// What stands for a line end between single quotes.
pub const LINE_END: &str = r#"'"$1"'"#;

/// Which shell runs a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpreter {
    /// Bash where the host has it, else sh.
    #[default]
    Auto,
    /// Bash; exit code 127 where the host has none.
    Bash,
    /// The host's POSIX shell.
    Sh,
}

impl Interpreter {
    fn command(self) -> &'static str {
        match self {
            Self::Auto => BOOTSTRAP_AUTO,
            Self::Bash => BOOTSTRAP_BASH,
            Self::Sh => BOOTSTRAP_SH,
        }
    }
}

/// A script and what it runs with. Its standard input is empty.
pub struct ScriptRequest<'a> {
    /// The text as the pipeline has it.
    pub script: &'a str,
    /// Exported in this order; values may hold anything but NUL.
    pub env: &'a [(String, Zeroizing<String>)],
    /// Where it runs; the account's home if absent.
    pub working_directory: Option<&'a str>,
    /// Which shell runs it.
    pub interpreter: Interpreter,
    /// Whether the first failing command ends it (`set -e`, with bash `pipefail` too).
    pub errexit: bool,
}

impl std::fmt::Debug for ScriptRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptRequest")
            .field("working_directory", &self.working_directory)
            .field("interpreter", &self.interpreter)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Runs a script and streams what it prints; see [`Session::exec`] for output, time and cancelling.
    ///
    /// A script that fails is no error: its exit code is in the status. Errors: `invalid` for a variable's name or a
    /// NUL, `not-found` for a working directory that is not there.
    pub async fn run_script(
        &self,
        request: ScriptRequest<'_>,
        output: mpsc::Sender<Output>,
    ) -> Result<ExitStatus, SshError> {
        let program = program(&request)?;
        let command = request.interpreter.command();
        let status = self
            .start(command, program.as_bytes(), AfterInput::Open, output)
            .await?;
        if let (Some(NO_DIRECTORY), Some(directory)) = (status.code, request.working_directory)
            && !self.is_directory(directory).await
        {
            return Err(SshError::channel(
                SshErrorKind::NotFound,
                format!("the working directory {directory:?} is not there"),
            ));
        }
        Ok(status)
    }

    async fn is_directory(&self, path: &str) -> bool {
        match self.stat(path).await {
            Ok(found) => {
                found.is_some_and(|stat| stat.kind == crate::remote::RemoteKind::Directory)
            }
            // Without an answer the script's own exit code stands.
            Err(_) => true,
        }
    }
}

/// The program that the bootstrap reads, one long line and an end: exports, the change of folder, and the script as one
/// word for `eval`, with standard input empty while it runs (the shell still reads the program from there). Fails with
/// `invalid` for a variable's name that is none, or a NUL.
pub fn program(request: &ScriptRequest<'_>) -> Result<Zeroizing<String>, SshError> {
    let invalid = |message: String| SshError::channel(SshErrorKind::Invalid, message);
    if !is_plain(request.script) {
        return Err(invalid("the script holds a NUL".into()));
    }
    let mut program = Zeroizing::new(PROGRAM_START.to_owned());
    for (name, value) in request.env {
        if !is_variable_name(name) {
            return Err(invalid(format!("{name:?} is not a variable's name")));
        }
        if !is_plain(value) {
            return Err(invalid(format!("the value of {name} holds a NUL")));
        }
        program.push_str("export ");
        program.push_str(name);
        program.push('=');
        program.push_str(&in_one_line(value));
        program.push_str("; ");
    }
    if let Some(directory) = request.working_directory {
        if !is_plain(directory) {
            return Err(invalid("the working directory holds a NUL".into()));
        }
        // `cd -- ''` and `cd -` have meanings of their own; a path never means them.
        let directory = if directory.starts_with('/') {
            directory.to_owned()
        } else {
            format!("./{directory}")
        };
        program.push_str(&format!(
            "cd -- {} || exit {NO_DIRECTORY}; ",
            *in_one_line(&directory)
        ));
    }
    if request.errexit {
        program.push_str(ERREXIT);
    }
    program.push_str("exec 3<&0; ");
    program.push_str(WATCHER);
    // The script has no arguments: what stood for line ends is gone before it begins, in its own first line.
    let script = Zeroizing::new(format!("set --; {}", request.script));
    program.push_str("eval ");
    program.push_str(&in_one_line(&script));
    // `exit` belongs to the group too: the input does not end, so the shell must not look for more.
    program.push_str("\nexit\n} </dev/null\n");
    Ok(program)
}

/// A text as one word without a line end in it.
fn in_one_line(text: &str) -> Zeroizing<String> {
    let quoted = Zeroizing::new(single_quote(text));
    Zeroizing::new(quoted.replace('\n', LINE_END))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    fn request<'a>(script: &'a str, env: &'a [(String, Zeroizing<String>)]) -> ScriptRequest<'a> {
        ScriptRequest {
            script,
            env,
            working_directory: None,
            interpreter: Interpreter::Auto,
            errexit: true,
        }
    }

    /// Runs a bootstrap as a server would, by a login shell.
    fn run_locally(request: &ScriptRequest<'_>, command: &str) -> (Option<i32>, Vec<u8>) {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let program = program(request).unwrap();
        // As over SSH the input stays open: its end would mean that nobody waits.
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(program.as_bytes());
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        (output.status.code(), output.stdout)
    }

    #[test]
    fn scripts_run_alike_in_bash_and_sh() {
        let check = |script: &str, code: i32, expected: &str| {
            for command in [BOOTSTRAP_AUTO, BOOTSTRAP_BASH, BOOTSTRAP_SH] {
                let (got, stdout) = run_locally(&request(script, &[]), command);
                assert_eq!(got, Some(code), "{command}: {script}");
                assert_eq!(
                    String::from_utf8_lossy(&stdout),
                    expected,
                    "{command}: {script}"
                );
            }
        };
        check("echo hello", 0, "hello\n");
        check("exit 7", 7, "");
        check("false\necho no", 1, "");
        check("", 0, "");
        check("# only a comment", 0, "");
        check("echo a # comment", 0, "a\n");
        check("cat\necho end", 0, "end\n");
        check("cat <<'X'\n$a `b`\nX\n", 0, "$a `b`\n");
        check("trap 'echo bye' EXIT\nexit 3", 3, "bye\n");
        check("if true; then\n  echo '}'\nfi", 0, "}\n");
        check("read line || echo empty", 0, "empty\n");
        check("echo x\\\ny", 0, "xy\n");
        check("echo \"$# ${1-none}\"", 0, "0 none\n");
    }

    #[test]
    fn in_bash_a_pipe_fails_with_any_of_its_commands() {
        let request = request("false | true\necho on", &[]);
        assert_eq!(run_locally(&request, BOOTSTRAP_BASH), (Some(1), vec![]));
        let (code, stdout) = run_locally(&request, "exec dash -s");
        assert_eq!((code, stdout.as_slice()), (Some(0), &b"on\n"[..]));
    }

    #[test]
    fn messages_name_the_lines_of_the_script() {
        let env = [("A".to_owned(), Zeroizing::new("one\ntwo\n".to_owned()))];
        let script =
            "exec 2>&1\necho \"$A\"; no-such-program || :\n\nf() {\n  no-such-program\n}\nf || :\n";
        for command in [BOOTSTRAP_AUTO, BOOTSTRAP_BASH, BOOTSTRAP_SH] {
            let (code, stdout) = run_locally(&request(script, &env), command);
            let said = String::from_utf8_lossy(&stdout);
            assert_eq!(code, Some(0), "{command}: {said}");
            let lines: Vec<&str> = said.lines().collect();
            assert_eq!(lines.get(..3), Some(&["one", "two", ""][..]), "{said}");
            // `bash: line 2: …`, and dash's `sh: 2: eval: …`.
            for (said, number) in lines.iter().skip(3).zip([" 2: ", " 5: "]) {
                assert!(said.contains(number), "{command}: {said}");
            }
            assert_eq!(lines.len(), 5, "{command}: {said}");
        }
    }

    #[test]
    fn a_syntax_error_fails() {
        for command in [BOOTSTRAP_BASH, BOOTSTRAP_SH] {
            let (code, _) = run_locally(&request("if true; then", &[]), command);
            assert_ne!(code, Some(0), "{command}");
        }
    }

    #[test]
    fn names_and_values_are_checked() {
        let check = |name: &str, value: &str, ok: bool| {
            let env = [(name.to_owned(), Zeroizing::new(value.to_owned()))];
            assert_eq!(program(&request("", &env)).is_ok(), ok, "{name}");
        };
        check("A", "x", true);
        check("A;rm", "x", false);
        check("A", "x\0", false);
        assert!(program(&request("a\0b", &[])).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_value_arrives_byte_for_byte(value in "[^\0]{0,80}") {
            let env = [("VALUE".to_owned(), Zeroizing::new(value.clone()))];
            for command in [BOOTSTRAP_BASH, BOOTSTRAP_SH] {
                let (code, stdout) = run_locally(&request("printf %s \"$VALUE\"", &env), command);
                prop_assert_eq!(code, Some(0));
                prop_assert_eq!(&stdout[..], value.as_bytes());
            }
        }
    }
}
