use std::io::Write as _;
use std::process::{Command, Stdio};

use super::super::testing::{cancelled_at_once, let_pass, sample, sample_plan, taken};
use super::*;

/// Prints what a CI server sees: the suites with their counts, the cases with their verdicts.
const READER: &str = r#"
import sys, xml.etree.ElementTree as T
root = T.fromstring(sys.stdin.buffer.read())
counts = lambda e: "/".join(e.get(k) for k in ("tests", "failures", "errors", "skipped"))
print(root.tag, root.get("name"), counts(root), root.get("time"))
for suite in root:
    print(suite.tag, suite.get("name"), counts(suite), suite.get("time"), suite.get("timestamp"))
    for case in suite:
        print(case.tag, case.get("classname"), case.get("name"), case.get("time"), case.get("file"), case.get("line"))
        for e in case:
            text = (e.text or "").strip().replace("\n", "|")
            print(" ", e.tag, e.get("type"), "message=" + repr(e.get("message")), text)
"#;

fn read_by_python(xml: &str) -> String {
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python
        .stdin
        .take()
        .unwrap()
        .write_all(xml.as_bytes())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "not XML:\n{xml}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn another_parser_reads_what_was_meant() {
    let hostile = "</pre></style><script>alert(1)</script><img src=x onerror='a'>\" ]]> --> &amp; red\\u{0}\\u{8}\u{fffd}\\u{202e}";
    // As Python quotes a text with both kinds of quotes in it.
    let quoted = hostile.replace('\\', "\\\\").replace('\'', "\\'");
    let expected = format!(
        "testsuites capstep.yml 6/2/0/3 1.500
testsuite build 4/2/0/1 1.200 2026-11-21T10:29:09
testcase capstep.build </h4><script>alert(1)</script> 0.300 capstep.yml 6
  system-out None message=None {hostile}
testcase capstep.build health-check 0.500 capstep.yml 6
  failure denied message='{quoted}' {hostile}|at capstep.yml:6:9|hint: {hostile}|denied (other-origin): {hostile}|  `/url/0` was handed over at capstep.yml:10:23|  to allow it: add `http://<b>/` to `url`||{hostile}|first|second
  system-out None message=None {hostile}|  first|  second
testcase capstep.build noop 0.000 capstep.yml 11
  skipped None message='an earlier step did not pass' 
testcase capstep.build the job itself 0.000 None None
  failure denied message='the output `x` has no value' the output `x` has no value
testsuite deploy 2/0/0/2 0.000 2026-11-21T10:29:09
testcase capstep.deploy noop 0.000 capstep.yml 15
  skipped None message='a job that it needs did not pass' 
testcase capstep.deploy noop (step 2) 0.000 capstep.yml 16
  skipped None message='a job that it needs did not pass' 
"
    );
    assert_eq!(read_by_python(&junit(&sample_plan(), &sample())), expected);
}

#[test]
fn what_may_fail_is_no_failure() {
    let expected = "testsuites capstep.yml 6/0/0/6 1.500
testsuite build 4/0/0/4 0.400 2026-11-21T10:29:09
testcase capstep.build env-setup 0.100 capstep.yml 6
  skipped failed message='failed, with continue-on-error: exit code 1' 
testcase capstep.build health-check 0.000 capstep.yml 9
  skipped None message='its job ended before it' 
testcase capstep.build noop 0.000 capstep.yml 11
  skipped None message='its job ended before it' 
testcase capstep.build the job itself 0.000 None None
  skipped failed message='failed, with continue-on-error: its output has no value' 
testsuite deploy 2/0/0/2 0.000 2026-11-21T10:29:09
testcase capstep.deploy noop 0.000 capstep.yml 15
  skipped None message='its job ended before it' 
testcase capstep.deploy noop (step 2) 0.000 capstep.yml 16
  skipped None message='its job ended before it' 
";
    let recording = let_pass();
    assert_eq!(read_by_python(&junit(&sample_plan(), &recording)), expected);
}

#[test]
fn what_was_taken_is_no_test_of_this_run() {
    let expected = "testsuites capstep.yml 5/0/0/4 0.000
testsuite build 3/0/0/2 0.500 2026-11-21T10:29:09
testcase capstep.build env-setup 0.000 capstep.yml 7
  skipped taken message='passed, taken from the run r0' 
testcase capstep.build health-check 0.000 capstep.yml 9
  skipped taken message='passed, taken from the run r0' 
testcase capstep.build noop 0.100 capstep.yml 6
testsuite deploy 2/0/0/2 0.000 2026-11-21T10:29:09
testcase capstep.deploy noop 0.000 capstep.yml 15
  skipped taken message='passed, taken from the run r0' 
testcase capstep.deploy noop (step 2) 0.000 capstep.yml 16
  skipped taken message='passed, taken from the run r0' 
";
    assert_eq!(read_by_python(&junit(&sample_plan(), &taken())), expected);
}

#[test]
fn a_run_that_ended_at_once_is_a_report_too() {
    let recording = cancelled_at_once("deploy/capstep.yml");
    let expected = "testsuites deploy/capstep.yml 1/0/1/0 0.000
testsuite build 1/0/1/0 0.000 
testcase deploy/capstep.build the job itself 0.000 None None
  error cancelled message='no reason was given' no reason was given
";
    assert_eq!(read_by_python(&junit(&sample_plan(), &recording)), expected);
}
