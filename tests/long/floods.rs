//! Servers that send without end, in every part of an answer.

use std::sync::atomic::Ordering;

use capstep_tests::project::Project;
use capstep_tests::scale::{long, size};
use capstep_tests::servers;

/// What stands before the flood, what is repeated, and what the flood is of.
const FLOODS: [(&str, &str, &str); 7] = [
    ("", "x", "no HTTP"),
    ("HTTP/1.1 200 ", "very ", "a status line"),
    ("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n", "headers"),
    ("HTTP/1.1 200 OK\r\nX-Long: ", "x", "one header"),
    ("HTTP/1.1 200 OK\r\n\r\n", "x", "a body without a length"),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "4\r\nwiki\r\n",
        "chunks",
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;",
        "extended=yes;",
        "one chunk's head",
    ),
];

#[test]
fn servers_that_send_without_end() {
    let (gigabytes, times) = size((1, 1), (10, 10));
    let what = format!("{gigabytes} GB, {} ways, {times} times", FLOODS.len());
    long("floods", &what, |random| {
        for (head, repeated, part) in FLOODS {
            for _ in 0..times {
                let piece = repeated.repeat(1 + random.index(64 << 10) / repeated.len());
                let (port, sent) =
                    servers::repeating(head.to_owned(), piece, gigabytes * 1_000_000_000);
                let project = Project::new(&format!(
                    "version: 1\njobs:\n  check:\n    steps:\n      - uses: health-check\n        with: {{ url: \
                     \"http://127.0.0.1:{port}/\", timeout: 3s, every: 100ms, attempts: 1, expect: {{ body: never }} }}\n"
                ));
                let ran = project.capstep(&["run"]).expect(1);
                assert!(
                    ran.peak < 200 << 20,
                    "{part}: it took {} MiB",
                    ran.peak >> 20
                );
                assert!(ran.took.as_secs() < 30, "{part}: it took {:?}", ran.took);
                assert!(!ran.stderr.contains("panicked"), "{part}: {}", ran.stderr);
                let sent = sent.load(Ordering::SeqCst);
                assert!(sent < 100 << 20, "{part}: {} MiB were taken", sent >> 20);
            }
        }
    });
}
