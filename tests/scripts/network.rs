//! The way out: to origins that were handed over, and nowhere else.

use capstep_tests::project::Project;
use capstep_tests::servers;

use crate::{project, run};

/// Asks through the proxy that a script with a network has, by nothing but the shell.
pub(crate) fn asking(port: u16, host: &str) -> String {
    format!(
        "proxy=${{http_proxy#http://}}; proxy=${{proxy%/}}\n          exec 3<>/dev/tcp/${{proxy%:*}}/${{proxy##*:}}\n          \
         printf 'GET http://{host}:{port}/ HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n' >&3\n          \
         answer=$(cat <&3)\n          echo \"$answer\"\n          case $answer in *reached*) ;; *) exit 9 ;; esac\n"
    )
}

pub(crate) fn step(allow: &str, script: &str) -> Project {
    project(&format!("{allow}        run: |\n          {script}"))
}

#[test]
fn an_origin_that_was_handed_over_and_another_one() {
    let (port, asked) = servers::answering("200 OK", "reached");
    let (other, _) = servers::answering("200 OK", "another");
    let allowed = format!("        allow: [\"http://127.0.0.1:{port}\"]\n");
    run(&step(&allowed, &asking(port, "127.0.0.1"))).expect(0);
    let before = asked.load(std::sync::atomic::Ordering::SeqCst);
    assert!(before > 0);

    let elsewhere = format!("        allow: [\"http://127.0.0.1:{other}\"]\n");
    let project = step(&elsewhere, &asking(port, "127.0.0.1"));
    run(&project).expect(3).says("other-origin").says("allow:");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), before);
    let denied = project.journal();
    let denied = denied.iter().find(|record| record.phase() == "denied");
    assert_eq!(
        denied.and_then(|record| record.rule()),
        Some("other-origin")
    );
}

/// A value that an earlier step gave is bounded, and even within its bound it is judged as a name: it leads nowhere that
/// only the pipeline's own text may lead to.
#[test]
fn an_origin_that_an_earlier_step_gave() {
    let (port, asked) = servers::answering("200 OK", "reached");
    let script = asking(port, "127.0.0.1");
    let pipeline = |origin: &str| {
        let within = format!("http://127.0.0.1:{port}/");
        Project::new(&format!(
            "version: 1\nsecrets: [CANARY]\njobs:\n  only:\n    steps:\n      - {{ id: made, uses: noop, with: {{ echo: \"127.0.0.1:{port}\" }} }}\n      \
             - allow: [{{ value: \"{origin}\", within: \"{within}\" }}]\n        run: |\n          {script}"
        ))
    };
    run(&pipeline(&format!("http://127.0.0.1:{port}"))).expect(0);
    let before = asked.load(std::sync::atomic::Ordering::SeqCst);
    run(&pipeline("http://${{ steps.made.outputs.echo }}"))
        .expect(3)
        .says("address-refused");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), before);
}

/// Without `allow` there is no network at all: not even a socket.
#[test]
fn none_where_none_was_handed_over() {
    let (port, asked) = servers::answering("200 OK", "reached");
    let direct = format!("exec 3<>/dev/tcp/127.0.0.1/{port}\n");
    run(&step("", &direct))
        .expect(1)
        .says("hint: it may have tried to reach the network")
        .says("`allow: [https://HOST]`");
    // With one, there is still no way but the proxy.
    let allowed = format!("        allow: [\"http://127.0.0.1:{port}\"]\n");
    run(&step(&allowed, &direct)).expect(1);
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
}
