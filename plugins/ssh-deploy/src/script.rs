//! The pipeline's script. Its text is the pipeline's, its output goes to the log on the host.

use capstep_sdk::log::Log;
use capstep_sdk::ssh::{Exit, RunOptions, Ssh};
use capstep_sdk::{Duration, ErrorKind, Failure};

use crate::host::Deployment;
use crate::outputs::HostResult;

/// How much of a script's first line names it in a message.
const NAME_CHARACTERS: usize = 60;

/// Runs it; an exit code other than 0, or a signal, is a failure of the kind `peer`.
pub(crate) async fn run<H: Ssh + Log>(
    deployment: &Deployment<'_, H>,
    session: &H::Session,
    text: &str,
    result: &mut HostResult,
) -> Result<(), Failure> {
    let name = name(text);
    let options = RunOptions {
        log: true,
        capture: false,
        timeout: deployment.inputs.timeout.map(Duration::as_nanos),
    };
    let running = async {
        let op = deployment.host.start_run(session, "/run", options)?;
        let op = deployment.together.finish(op, |_| {}).await?;
        deployment.host.exit(&op)
    };
    let exit = running.await.map_err(|error| {
        Failure::from(error).while_doing(format_args!("`{name}` on {}", result.target))
    })?;
    result.exit_code = exit.code;
    let how = match &exit {
        Exit { code: Some(0), .. } => return Ok(()),
        Exit {
            code: Some(code), ..
        } => format!("exited with {code}"),
        Exit {
            signal: Some(signal),
            ..
        } => format!("was ended by signal {signal}"),
        Exit { .. } => "ended without an exit code".to_owned(),
    };
    let failure =
        Failure::new(format!("`{name}` {how} on {}", result.target)).with_kind(ErrorKind::Peer);
    Err(failure.with_details(&serde_json::json!({ "exit-code": exit.code, "signal": exit.signal })))
}

/// The script's first line that is not blank, cut where it is long or where more follows.
fn name(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let short: String = first.chars().take(NAME_CHARACTERS).collect();
    let more = short.len() < first.len() || lines.next().is_some();
    if more { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_named_by_its_first_line() {
        let check = |text: &str, expected: &str| assert_eq!(name(text), expected, "{text}");
        check("bash deploy.sh", "bash deploy.sh");
        check("\n  bash deploy.sh\n\n", "bash deploy.sh");
        check("cd app\nmake", "cd app…");
        check(&"é".repeat(61), &format!("{}…", "é".repeat(60)));
        check("", "");
    }
}
