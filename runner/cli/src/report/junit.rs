//! A run as JUnit XML, in the shape that GitLab and Jenkins read: a suite is a job, a test case a step.

use capstep_engine::Outcome;
use capstep_grants::Place;
use capstep_grants::plan::{Plan, StepPlan};

use super::markup::Markup;
use super::recording::{JobRecord, Line, Recording, StepRecord, Weight, word};

/// How many of a failed step's last lines stand in its failure: GitLab shows that text and nothing of `system-out`.
const LAST_LINES: usize = 20;

/// The report. A step's log is in `system-out`, cut in its middle where it is long.
pub(super) fn junit(plan: &Plan, recording: &Recording) -> String {
    let mut xml = Markup::default();
    let jobs: Vec<(&JobRecord, Vec<Case<'_>>)> = recording
        .jobs
        .iter()
        .map(|job| (job, cases(plan, job)))
        .collect();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    xml.attribute("name", &recording.pipeline);
    counts(&mut xml, jobs.iter().flat_map(|(_, cases)| cases));
    xml.attribute("time", seconds(recording.took)).raw(">\n");
    for (job, cases) in &jobs {
        xml.raw("  <testsuite").attribute("name", &job.id);
        counts(&mut xml, cases.iter());
        let span = job.span.unwrap_or_default();
        xml.attribute("time", seconds(span.took));
        xml.attribute("timestamp", timestamp(recording, span.start));
        xml.raw(">\n");
        for case in cases {
            case.write(&mut xml, &class(recording, job));
        }
        xml.raw("  </testsuite>\n");
    }
    xml.raw("</testsuites>\n");
    xml.finish()
}

/// A test case: a step, or what went wrong in a job outside its steps.
struct Case<'a> {
    name: String,
    outcome: Option<Outcome>,
    /// Whether what came after it went on as if it had passed.
    continues: bool,
    /// Whether it is an earlier run's.
    taken: bool,
    message: Option<&'a str>,
    took: u64,
    step: Option<&'a StepRecord>,
    plan: Option<&'a StepPlan>,
}

/// How a test case ended, in JUnit's words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Skipped,
    /// It was not run, but taken from an earlier run: not a test of this one.
    Taken,
    /// It failed and may: in JUnit's words a test that was expected to fail, which others write as skipped.
    LetPass,
    /// The step found something wrong, or tried what it may not do.
    Failure,
    /// The step could not do its work.
    Error,
}

fn cases<'a>(plan: &'a Plan, job: &'a JobRecord) -> Vec<Case<'a>> {
    let planned = plan.jobs.iter().find(|planned| planned.id == job.id);
    let mut cases: Vec<Case<'_>> = Vec::new();
    for step in &job.steps {
        let mut steps = planned.into_iter().flat_map(|planned| &planned.steps);
        // Names stay what they are when a step is added before; only a second one of a name is numbered.
        let taken = cases.iter().any(|case| case.name == step.name);
        cases.push(Case {
            name: if taken {
                format!("{} (step {})", step.name, step.number)
            } else {
                step.name.clone()
            },
            outcome: step.outcome,
            continues: step.continues,
            taken: step.taken,
            message: step.message.as_deref(),
            took: step.span.unwrap_or_default().took,
            step: Some(step),
            plan: steps.find(|planned| planned.number == step.number),
        });
    }
    let skipped = job.outcome == Some(Outcome::Skipped);
    if cases.is_empty() || (job.message.is_some() && !skipped && !job.taken) {
        cases.push(Case {
            name: "the job itself".to_owned(),
            outcome: job.outcome,
            continues: job.continues,
            taken: job.taken,
            message: job.message.as_deref(),
            took: 0,
            step: None,
            plan: None,
        });
    }
    cases
}

impl Case<'_> {
    fn verdict(&self) -> Verdict {
        match self.outcome {
            _ if self.taken => Verdict::Taken,
            _ if self.continues => Verdict::LetPass,
            Some(Outcome::Passed) => Verdict::Passed,
            Some(Outcome::Skipped) => Verdict::Skipped,
            Some(Outcome::Failed | Outcome::Denied) => Verdict::Failure,
            Some(Outcome::Infrastructure | Outcome::Cancelled) | None => Verdict::Error,
        }
    }

    fn write(&self, xml: &mut Markup, class: &str) {
        xml.raw("    <testcase").attribute("name", &self.name);
        xml.attribute("classname", class);
        xml.attribute("time", seconds(self.took));
        if let Some(place) = self.place() {
            xml.attribute("file", &place.file);
            xml.attribute("line", place.line.to_string());
        }
        xml.raw(">\n");
        let message = self.message.unwrap_or("no reason was given");
        match self.verdict() {
            Verdict::Passed => {}
            Verdict::Skipped => {
                xml.raw("      <skipped").attribute("message", message);
                xml.raw("/>\n");
            }
            Verdict::Taken => {
                xml.raw("      <skipped type=\"taken\"");
                let message = format!("{}, {message}", word(self.outcome));
                xml.attribute("message", message).raw("/>\n");
            }
            Verdict::LetPass => {
                xml.raw("      <skipped");
                xml.attribute("type", word(self.outcome));
                let message = format!("{}, with continue-on-error: {message}", word(self.outcome));
                xml.attribute("message", message).raw("/>\n");
            }
            Verdict::Failure => {
                xml.raw("      <failure");
                self.reason(xml, message);
                xml.raw("</failure>\n");
            }
            Verdict::Error => {
                xml.raw("      <error");
                self.reason(xml, message);
                xml.raw("</error>\n");
            }
        }
        if let Some(step) = self.step {
            system_out(xml, step);
        }
        xml.raw("    </testcase>\n");
    }

    /// Where the pipeline has the step.
    fn place(&self) -> Option<&Place> {
        let told = self.step.and_then(|step| step.place.as_ref());
        told.or(self.plan.map(|plan| &plan.place))
    }

    /// Why, from within the start tag of the element that says so.
    fn reason(&self, xml: &mut Markup, message: &str) {
        xml.attribute("type", word(self.outcome));
        xml.attribute("message", message);
        xml.raw(">").text(message);
        if let Some(place) = self.place() {
            xml.raw("\nat ").text(place.to_string());
        }
        let Some(step) = self.step else { return };
        if let Some(help) = step.help() {
            xml.raw("\nhint: ").text(help);
        }
        for denial in &step.denials {
            xml.raw("\ndenied (").text(denial.rule.word()).raw("): ");
            xml.text(&denial.message);
            if let Some(place) = &denial.place {
                xml.raw("\n  `").text(&denial.pointer);
                xml.raw("` was handed over at ").text(place.to_string());
            }
            if let Some(hint) = &denial.hint {
                xml.raw("\n  to allow it: ").text(hint);
            }
        }
        for (number, line) in step.log.last(LAST_LINES).into_iter().enumerate() {
            xml.raw(if number == 0 { "\n\n" } else { "\n" });
            xml.text(&line.text);
        }
    }
}

fn system_out(xml: &mut Markup, step: &StepRecord) {
    if step.log.lines() == 0 {
        return;
    }
    let (head, left_out, tail) = step.log.parts();
    xml.raw("      <system-out>");
    lines(xml, head.iter());
    if left_out > 0 {
        xml.raw("… ")
            .number(left_out)
            .raw(" lines are left out here …\n");
    }
    lines(xml, tail);
    xml.raw("</system-out>\n");
}

fn lines<'a>(xml: &mut Markup, lines: impl Iterator<Item = &'a Line>) {
    for line in lines.filter(|line| line.weight != Weight::Debug) {
        xml.text("  ".repeat(line.depth)).text(&line.text).raw("\n");
    }
}

fn counts<'a>(xml: &mut Markup, cases: impl Iterator<Item = &'a Case<'a>> + Clone) {
    let of = |verdicts: &[Verdict]| {
        let of = cases
            .clone()
            .filter(|case| verdicts.contains(&case.verdict()));
        of.count().to_string()
    };
    xml.attribute("tests", cases.clone().count().to_string());
    xml.attribute("failures", of(&[Verdict::Failure]));
    xml.attribute("errors", of(&[Verdict::Error]));
    xml.attribute(
        "skipped",
        of(&[Verdict::Skipped, Verdict::Taken, Verdict::LetPass]),
    );
}

/// `capstep.deploy`: Jenkins groups by what is before the last dot.
fn class(recording: &Recording, job: &JobRecord) -> String {
    let file = &recording.pipeline;
    let stem = file.strip_suffix(".yml").or(file.strip_suffix(".yaml"));
    format!("{}.{}", stem.unwrap_or(file), job.id)
}

/// Milliseconds as seconds.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

/// The time so many milliseconds after the run's start, without a zone, as the schema has it: UTC.
fn timestamp(recording: &Recording, milliseconds: u64) -> String {
    let begin: Option<jiff::Timestamp> = recording.started.parse().ok();
    let after = i64::try_from(milliseconds)
        .ok()
        .map(jiff::SignedDuration::from_millis);
    let time = begin
        .zip(after)
        .and_then(|(begin, after)| begin.checked_add(after).ok());
    time.map_or_else(String::new, |time| {
        time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    })
}

#[cfg(test)]
mod tests;
