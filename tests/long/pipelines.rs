//! Large files in the pipeline's place: a plain error, soon and in little memory, and the largest that may be is read.

use std::time::Duration;

use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::scale::{Random, long, size};

/// What a large file may be full of.
const FILLERS: [&str; 10] = [
    "# a comment\n",
    "x",
    "[",
    "{a: ",
    "- &a [*a]\n",
    "\"\\x00\"",
    "  job: { steps: [{ uses: noop }] }\n",
    "${{ ",
    "\t",
    "\u{feff}\u{2028}é",
];

fn lint(text: &[u8], code: i32, what: &str) -> Ran {
    let project = Project::empty();
    project.write("capstep.yml", text);
    let ran = project.capstep(&["lint"]).expect(code);
    assert!(ran.took < Duration::from_secs(20), "{what}: {:?}", ran.took);
    assert!(
        ran.peak < 400 << 20,
        "{what}: it took {} MiB",
        ran.peak >> 20
    );
    assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
    ran
}

/// So many bytes of one filler, or of all in turn.
fn large(random: &mut Random, bytes: usize, filler: Option<&str>) -> Vec<u8> {
    let mut text = "version: 1\njobs:\n".to_owned();
    while text.len() < bytes {
        text.push_str(filler.unwrap_or_else(|| random.pick(&FILLERS)));
    }
    text.into_bytes()
}

#[test]
fn files_of_any_size() {
    let (bytes, times) = size((1_200_000, 1), (10_000_000, 20));
    let what = format!("{} MB, {} kinds", bytes / 1_000_000, FILLERS.len());
    long("pipelines", &what, |random| {
        for filler in FILLERS.iter().copied().map(Some).chain([None]) {
            let text = large(random, bytes, filler);
            lint(&text, 2, &format!("{filler:?}")).says("1 MiB");
        }
        for _ in 0..times {
            // What may be read: none of it is right, but each mistake is one of the text's.
            let filler = random.pick(&FILLERS);
            let mut text = large(random, 1_000_000, Some(filler));
            text.truncate(1_000_000);
            lint(&text, 2, &format!("a megabyte of {filler:?}"));
        }
        // The largest that is right: few jobs with much in them. (Of many jobs each is held against each other one, which
        // takes seconds for thousands.)
        let mut text = "version: 1\njobs:\n".to_owned();
        let echo = "x".repeat(2_000);
        for number in 0..510 {
            text.push_str(&format!(
                "  j{number}: {{ steps: [{{ uses: noop, with: {{ echo: {echo} }} }}] }}\n"
            ));
        }
        assert!(
            text.len() > 1_000_000 && text.len() < 1 << 20,
            "{}",
            text.len()
        );
        lint(text.as_bytes(), 0, "the largest");
    });
}
