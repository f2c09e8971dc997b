//! Every option of `health-check` against a server that keeps what it was asked (S6).

use std::net::TcpListener;
use std::time::Duration;

use capstep_tests::hostile::canary;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::recorder::{Answer, Recorder, answer};
use capstep_tests::servers;
use serde_json::Value;

const TOKEN: &str = "cnry-3d05c1b8f24e";

/// A project with one check, `with` these inputs (YAML, on one line).
fn project(with: &str) -> Project {
    let project = Project::new(&format!(
        "version: 1\nsecrets: [CANARY]\njobs:\n  check:\n    steps:\n      - uses: health-check\n        with: {{ {with} }}\n"
    ));
    canary(&project, TOKEN);
    project
}

fn run(project: &Project) -> Ran {
    let secret = canary(project, TOKEN);
    project
        .capstep(&["run", "--format", "json", &secret])
        .never_says(TOKEN)
}

/// A check of a server that answers so each time.
#[track_caller]
fn check(with: &str, answers: Answer, code: i32) -> (Recorder, Ran) {
    let server = Recorder::start(move |_| answers);
    let with = format!(
        "url: \"http://127.0.0.1:{}/health\", every: 100ms, attempts: 2, {with}",
        server.port
    );
    let ran = run(&project(&with)).expect(code);
    (server, ran)
}

/// What the step gave.
fn outputs(ran: &Ran) -> Value {
    let events = ran.stdout.lines();
    let mut events = events.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let finished = events.find(|event| event["event"] == "step-finished");
    finished.expect("a finished step")["outputs"].take()
}

#[test]
fn what_is_sent_arrives() {
    let ok = answer("200 OK", "fine");
    let (server, _) = check(
        "method: POST, body: '{\"query\": \"{ health }\"}', token: \"${{ secrets.CANARY }}\", headers: { Content-Type: \
         application/json, X-Api-Key: \"key ${{ secrets.CANARY }}\" }",
        ok,
        0,
    );
    let requests = server.requests();
    let [request] = requests.as_slice() else {
        panic!("one request: {requests:?}");
    };
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/health")
    );
    assert_eq!(request.body, "{\"query\": \"{ health }\"}");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert_eq!(
        request.header("x-api-key"),
        Some(format!("key {TOKEN}").as_str())
    );
    let (server, _) = check("method: HEAD", answer("200 OK", ""), 0);
    assert_eq!(server.requests()[0].method, "HEAD");
}

#[test]
fn what_is_expected_must_hold() {
    let json =
        "{\"status\":\"healthy\",\"checks\":[{\"name\":\"db\",\"up\":true}],\"deep\":{\"er\":3}}";
    let good = Answer {
        status: "200 OK",
        headers: "X-Version: 1.4.2\r\n",
        body: json,
    };
    // Each holds of the answer, and each is shown to be looked at by one beside it that doesn't.
    for (holds, fails, said) in [
        (
            "json: { status: healthy }",
            "json: { status: well }",
            "status",
        ),
        (
            "json: { /checks/0/up: true }",
            "json: { /checks/1/up: true }",
            "/checks/1/up",
        ),
        ("json: { deep.er: 3 }", "json: { deep.er: 4 }", "deep.er"),
        ("body: \"\\\"up\\\": ?true\"", "body: \"^up\"", "^up"),
        (
            "not-body: (?i)maintenance",
            "not-body: (?i)HEALTHY",
            "HEALTHY",
        ),
        (
            "header: { X-Version: 1.4.2 }",
            "header: { X-Version: \"1.4\" }",
            "x-version",
        ),
        ("status: 2xx", "status: [\"201\", \"300-399\"]", "200"),
    ] {
        check(&format!("expect: {{ {holds} }}"), good, 0);
        let (server, ran) = check(&format!("expect: {{ {fails} }}"), good, 1);
        assert_eq!(server.requests().len(), 2, "{fails}");
        assert!(
            ran.text().to_lowercase().contains(&said.to_lowercase()),
            "{fails}: {}",
            ran.text()
        );
    }
    let teapot = answer("418 I'm a teapot", "short and stout");
    check("expect: { status: \"418\" }", teapot, 0);
    // The last answer is shown.
    check("timeout: 5s", teapot, 1)
        .1
        .says("418")
        .says("short and stout");
}

#[test]
fn a_certificate_is_trusted_where_the_step_says_so() {
    let server = Recorder::start_tls(|_| answer("200 OK", "fine"));
    let with = |ca: &str| {
        project(&format!(
            "url: \"https://127.0.0.1:{}/\", every: 100ms, attempts: 1{ca}",
            server.port
        ))
    };
    let ran = run(&with("")).expect(1);
    assert!(ran.text().contains("certificate"), "{}", ran.text());
    assert_eq!(server.requests(), []);
    let trusting = with(", ca: deploy/ca.pem");
    trusting.write("deploy/ca.pem", server.certificate.as_ref().unwrap());
    run(&trusting).expect(0);
    assert_eq!(server.requests().len(), 1);
    // Another authority is not this one.
    let other = Recorder::start_tls(|_| answer("200 OK", "another"));
    trusting.write("deploy/ca.pem", other.certificate.as_ref().unwrap());
    run(&trusting).expect(1);
}

#[test]
fn redirects_are_followed_as_often_as_allowed() {
    let moves = |number: usize| match number {
        0 => Answer {
            status: "302 Found",
            headers: "Location: /health\r\n",
            body: "",
        },
        _ => answer("200 OK", "there"),
    };
    let with = |server: &Recorder, more: &str| {
        project(&format!(
            "url: \"http://127.0.0.1:{}/health\", every: 100ms, attempts: 1{more}",
            server.port
        ))
    };
    let server = Recorder::start(moves);
    run(&with(&server, "")).expect(1).says("302");
    assert_eq!(server.requests().len(), 1);
    let server = Recorder::start(moves);
    run(&with(&server, ", redirects: 1, expect: { body: there }")).expect(0);
    assert_eq!(server.requests().len(), 2);
    // To another place than the one that was handed over: a denial.
    let (elsewhere, asked) = servers::answering("200 OK", "elsewhere");
    let redirecting = servers::redirecting(format!("http://127.0.0.1:{elsewhere}/"));
    let away = project(&format!(
        "url: \"http://127.0.0.1:{redirecting}/\", attempts: 1, redirects: 5"
    ));
    run(&away).expect(3).says("other-origin");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn patience_is_counted() {
    let (good, bad) = (answer("200 OK", "fine"), answer("503 Busy", "not yet"));
    let with = |server: &Recorder, more: &str| {
        let url = format!("url: \"http://127.0.0.1:{}/\", every: 100ms", server.port);
        run(&project(&format!("{url}, {more}")))
    };
    // Healthy at the third attempt, and not with two.
    let server = Recorder::start(move |number| if number < 2 { bad } else { good });
    let given = outputs(&with(&server, "attempts: 3").expect(0));
    assert_eq!(
        (&given["attempts"], server.requests().len()),
        (&Value::from(3), 3)
    );
    let server = Recorder::start(move |number| if number < 2 { bad } else { good });
    with(&server, "attempts: 2").expect(1);
    // Three in a row: one that isn't begins the count anew.
    let server = Recorder::start(move |number| if number == 2 { bad } else { good });
    with(&server, "attempts: 9, successes: 3").expect(0);
    assert_eq!(server.requests().len(), 6);
    // Attempts while the service starts don't count: one is enough, after many that failed.
    let server = Recorder::start(move |number| if number < 5 { bad } else { good });
    with(&server, "attempts: 1, start-period: 1m").expect(0);
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn several_targets_are_asked_at_once() {
    // Neither answers before the other one was asked: one after the other would never end.
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(2));
    let start = || {
        let barrier = std::sync::Arc::clone(&barrier);
        Recorder::start(move |_| {
            barrier.wait();
            answer("200 OK", "fine")
        })
    };
    let (one, two) = (start(), start());
    let (port, _) = servers::talking(100);
    let with = format!(
        "url: [\"http://127.0.0.1:{}/\", \"http://127.0.0.1:{}/\"], tcp: \"127.0.0.1:{port}\", attempts: 1, timeout: 60s",
        one.port, two.port
    );
    let given = outputs(&run(&project(&with)).expect(0));
    let results = given["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{given}");
    assert!(
        results.iter().all(|result| result["healthy"] == true),
        "{given}"
    );
}

#[test]
fn a_port_that_opens_late_and_what_it_says() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let late = project(&format!("tcp: \"{address}\", every: 100ms, attempts: 600"));
    let running = late.start(&["run"]);
    // It has been tried, and nobody was there.
    std::thread::sleep(Duration::from_millis(500));
    let _listener = TcpListener::bind(address).unwrap();
    running.wait().expect(0);
    let port = servers::serve(|mut stream| {
        use std::io::Write as _;
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
    });
    let banner = |wanted: &str| {
        run(&project(&format!(
            "tcp: \"127.0.0.1:{port}\", every: 100ms, attempts: 1, expect: {{ banner: \"{wanted}\" }}"
        )))
    };
    banner("^SSH-2\\\\.0-").expect(0);
    banner("^220 ").expect(1).says("SSH-2.0-OpenSSH_9.2");
}

#[test]
fn one_that_does_not_answer_in_time() {
    let port = servers::silent();
    let ran = run(&project(&format!(
        "url: \"http://127.0.0.1:{port}/\", every: 100ms, attempts: 1, timeout: 300ms"
    )));
    assert!(ran.took < Duration::from_secs(60), "{:?}", ran.took);
    ran.expect(1).says(&format!("127.0.0.1:{port}"));
}
