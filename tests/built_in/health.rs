//! The options of health-check that only a server can show: what it is asked, and which of its answers will do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use capstep_tests::project::Project;
use capstep_tests::servers;

/// A request as it came: its first line, its headers in lower case, its body.
#[derive(Debug, Clone, Default)]
struct Asked {
    line: String,
    headers: Vec<String>,
    body: String,
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut asked = Asked::default();
    let mut length = 0;
    let _ = reader.read_line(&mut asked.line);
    loop {
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("content-length: ") {
            length = number.parse().unwrap();
        }
        asked.headers.push(line);
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    asked.body = String::from_utf8(body).unwrap();
    asked
}

/// Gives these answers, one after the other, the last one again and again; what it was asked is kept.
fn answering(answers: &'static [&'static str]) -> (u16, Arc<Mutex<Vec<Asked>>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let (kept, number) = (Arc::clone(&all), AtomicUsize::new(0));
    let port = servers::serve(move |mut stream| {
        let asked = read(&stream);
        kept.lock().unwrap().push(asked);
        let number = number.fetch_add(1, Ordering::SeqCst);
        let answer = answers[number.min(answers.len() - 1)];
        let _ = stream.write_all(answer.as_bytes());
    });
    (port, all)
}

/// A whole answer with this head and body.
macro_rules! answer {
    ($status:literal, $headers:literal, $body:literal) => {
        concat!(
            "HTTP/1.1 ",
            $status,
            "\r\nConnection: close\r\n",
            $headers,
            "\r\n",
            $body
        )
    };
}

const NOT_YET: &str = answer!("503 Later", "Content-Length: 0\r\n", "");
const WELL: &str = answer!(
    "202 Ready",
    "X-Version: 1.4.2\r\nContent-Type: application/json\r\n",
    "{\"checks\":{\"database\":\"healthy\"}, \"ready\": true}"
);
const UNDER_REPAIR: &str = answer!(
    "202 Ready",
    "X-Version: 1.4.2\r\nContent-Type: application/json\r\n",
    "{\"checks\":{\"database\":\"healthy\"}, \"ready\": true, \"note\": \"Maintenance\"}"
);
const MOVED: &str = answer!("307 Again", "Location: /\r\nContent-Length: 0\r\n", "");

#[test]
fn what_is_asked_and_which_answer_will_do() {
    // Not ready; redirected, and under repair there; well, and well again.
    let (port, asked) = answering(&[NOT_YET, MOVED, UNDER_REPAIR, WELL]);
    let project = Project::new(&format!(
        r#"
version: 1
secrets: [TOKEN, API_KEY]
jobs:
  a:
    steps:
      - uses: health-check
        with:
          url: "http://127.0.0.1:{port}/"
          method: POST
          headers: {{ Accept: application/json, X-Api-Key: "${{{{ secrets.API_KEY }}}}" }}
          token: "${{{{ secrets.TOKEN }}}}"
          body: '{{"query": "health"}}'
          expect:
            status: ["200", "202-299"]
            json: {{ checks.database: healthy }}
            body: '"ready": ?true'
            not-body: (?i)maintenance
            header: {{ X-Version: 1.4.2 }}
          every: 100ms
          attempts: 20
          timeout: 30s
          start-period: 10ms
          successes: 2
          redirects: 1
"#
    ));
    let secrets = project.secrets("TOKEN=tttt-4711-tttt\nAPI_KEY=kkkk-4711-kkkk\n");
    project
        .capstep(&["run", "--env-file", &secrets])
        .expect(0)
        .never_says("4711");
    let asked = asked.lock().unwrap().clone();
    let paths: Vec<&str> = asked.iter().map(|one| one.line.trim()).collect();
    assert_eq!(paths, ["POST / HTTP/1.1"; 5]);
    let first = &asked[0];
    for header in [
        "accept: application/json",
        "x-api-key: kkkk-4711-kkkk",
        "authorization: bearer tttt-4711-tttt",
    ] {
        assert!(
            first.headers.iter().any(|one| one == header),
            "{header}: {first:?}"
        );
    }
    assert_eq!(first.body, "{\"query\": \"health\"}");
}

#[test]
fn a_port_that_says_who_it_is() {
    let port = servers::serve(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-other\r\n");
    });
    let check = |banner: &str, code: i32| {
        let project = Project::new(&format!(
            "version: 1\njobs:\n  a:\n    steps:\n      - uses: health-check\n        with: {{ tcp: \"127.0.0.1:{port}\", expect: {{ banner: \"{banner}\" }}, attempts: 1 }}\n"
        ));
        project.capstep(&["run"]).expect(code);
    };
    check("^SSH-2[.]0-", 0);
    check("^220 ", 1);
}
