//! What happened in a run, for people.

use capstep_engine::{Level, Outcome};
use capstep_pipeline::SCRIPT;
use serde_json::Value;

use super::effect;
use super::outcome::word;
use crate::history::{Chain, JobView, JournalView, PlaceView, RunView, StepView};
use crate::printer::{Look, Style};
use crate::report::time::duration;

/// Jobs and steps with how they ended, failing lines, denials, effects; then the journal.
pub(crate) fn run(run: &RunView, look: Look) -> String {
    let mut text = heading(run, look);
    for job in &run.jobs {
        text.push('\n');
        text.push_str(&job_text(job, run, look));
    }
    text.push('\n');
    text.push_str(&journal(&run.journal, look));
    text
}

fn heading(run: &RunView, look: Look) -> String {
    let (outcome, style) = word(run.outcome, run.state);
    let mut text = format!(
        "{}  {}",
        look.paint(Style::Strong, &run.run),
        look.paint(style, outcome)
    );
    if let Some(code) = run.exit_code {
        text.push_str(&format!(" (exit code {code})"));
    }
    text.push('\n');
    let mut about = Vec::new();
    if let Some(pipeline) = &run.pipeline {
        about.push(pipeline.clone());
    }
    if run.trusted == Some(false) {
        about.push("untrusted,".to_owned());
    }
    if let Some(workspace) = &run.workspace {
        about.push(format!("in {workspace}"));
    }
    if let Some(started) = &run.started {
        about.push(format!("at {started}"));
    }
    if let Some(milliseconds) = run.milliseconds {
        about.push(format!("in {}", duration(milliseconds)));
    }
    text.push_str(&format!("{}\n", look.paint(Style::Faint, about.join(" "))));
    text
}

fn job_text(job: &JobView, run: &RunView, look: Look) -> String {
    let end = ended(Ended {
        outcome: word(job.outcome, run.state),
        milliseconds: job.milliseconds,
        reason: job.reason.as_deref(),
        taken_from: job.taken_from.as_deref(),
        place: None,
        goes_on: job.continues.then_some("the run went on"),
    });
    let mut text = format!(
        "{}  {}\n",
        look.paint(Style::Strong, &job.job),
        look.paint(end.1, end.0)
    );
    if let Some(deployed) = &job.deployed {
        let url = deployed.url.as_ref();
        let at = url.map_or(String::new(), |url| format!(": {}", one_line(url)));
        let line = format!("     deployed to {}{at}", one_line(&deployed.environment));
        text.push_str(&format!("{}\n", look.paint(Style::Good, line)));
    }
    text.push_str(&effects(job, None, run, look));
    for step in &job.steps {
        text.push_str(&step_text(job, step, run, look));
    }
    text
}

/// What a step did, or the job itself.
fn effects(job: &JobView, step: Option<usize>, run: &RunView, look: Look) -> String {
    let effects = run.journal.effects.iter();
    let own = effects.filter(|effect| (&effect.job, effect.step) == (&job.job, step));
    effect::lines(&own.collect::<Vec<_>>(), look)
}

struct Ended<'a> {
    outcome: (&'static str, Style),
    milliseconds: Option<u64>,
    reason: Option<&'a str>,
    taken_from: Option<&'a str>,
    /// Where it is written, where that is of interest.
    place: Option<&'a PlaceView>,
    /// What went on although it failed.
    goes_on: Option<&'a str>,
}

/// `failed in 1.2 s at capstep.yml:14:9 (the job went on): why`.
fn ended(end: Ended<'_>) -> (String, Style) {
    let (word, style) = end.outcome;
    let style = end.goes_on.map_or(style, |_| Style::Notice);
    let mut text = word.to_owned();
    if let Some(milliseconds) = end.milliseconds {
        text.push_str(&format!(" in {}", duration(milliseconds)));
    }
    if let Some(run) = end.taken_from {
        text.push_str(&format!(", taken from the run {run}"));
    }
    if let Some(place) = end.place {
        text.push_str(&format!(" at {place}"));
    }
    if let Some(goes_on) = end.goes_on {
        text.push_str(&format!(" ({goes_on})"));
    }
    if let Some(reason) = end.reason {
        text.push_str(&format!(": {}", one_line(reason)));
    }
    (text, style)
}

fn step_text(job: &JobView, step: &StepView, run: &RunView, look: Look) -> String {
    let fine = matches!(step.outcome, Some(Outcome::Passed | Outcome::Skipped));
    let end = ended(Ended {
        outcome: word(step.outcome, run.state),
        milliseconds: step.milliseconds,
        reason: step.reason.as_deref(),
        taken_from: step.taken_from.as_deref(),
        place: step.place.as_ref().filter(|_| !fine),
        goes_on: step.continues.then_some("the job went on"),
    });
    let mut name = step.name.clone();
    // A script is called by its own text; there is no plugin to name.
    let named = |uses: &&String| **uses != step.name && *uses != SCRIPT;
    if let Some(uses) = step.uses.as_ref().filter(named) {
        name.push_str(&format!(" ({uses})"));
    }
    let tries = match step.attempts {
        0 | 1 => String::new(),
        tries => format!(" after {tries} attempts"),
    };
    let mut text = format!(
        "{:>3}. {}  {}{tries}\n",
        step.step,
        look.paint(Style::Strong, name),
        look.paint(end.1, end.0)
    );
    if step.lines_before > 0 {
        let more = format!("{} lines before: `--log` shows them", step.lines_before);
        text.push_str(&format!("     {}\n", look.paint(Style::Faint, more)));
    }
    for line in &step.lines {
        let label = match line.level {
            Level::Debug | Level::Info => "".into(),
            Level::Warn => look.paint(Style::Notice, "warning: "),
            Level::Error => look.paint(Style::Bad, "error: "),
        };
        for part in line.text.lines() {
            text.push_str(&format!("     | {label}{part}\n"));
        }
    }
    if let Some(help) = step.details.get("help").and_then(Value::as_str) {
        for part in help.lines() {
            text.push_str(&format!(
                "     {} {part}\n",
                look.paint(Style::Name, "hint:")
            ));
        }
    }
    for denial in &step.denials {
        let line = format!("denied ({}): {}", denial.rule, one_line(&denial.message));
        text.push_str(&format!("     {}\n", look.paint(Style::Bad, line)));
        if let Some(place) = &denial.place {
            let pointer = &denial.pointer;
            text.push_str(&format!("       `{pointer}` was handed over at {place}\n"));
        }
        if let Some(hint) = &denial.hint {
            text.push_str(&format!("       to allow it: {}\n", one_line(hint)));
        }
    }
    text.push_str(&effects(job, Some(step.step), run, look));
    text
}

/// What plugins say may have line ends in it; none of it may look like a line of the report.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn journal(journal: &JournalView, look: Look) -> String {
    let records = crate::error::count(journal.records, "record");
    let (text, style) = match journal.chain {
        Chain::Holds => (
            format!("journal: {records}, and its chain holds"),
            Style::Good,
        ),
        Chain::HoldsSoFar => (
            format!(
                "journal: {records}, and its chain holds; the run has not noted which is the last"
            ),
            Style::Notice,
        ),
        Chain::Broken { line } => (
            format!(
                "journal: the chain breaks at line {line}: a record before it was changed, added or taken out"
            ),
            Style::Bad,
        ),
        Chain::OtherHead => (
            format!(
                "journal: {records}, but the last is not the one that the run noted at its end: records are missing or were added"
            ),
            Style::Bad,
        ),
        Chain::Missing => (
            "journal: there is none, and there should be".to_owned(),
            Style::Bad,
        ),
    };
    let mut text = format!("{}\n", look.paint(style, text));
    if let (Some(head), 1..) = (&journal.head, journal.records) {
        text.push_str(&format!(
            "{}\n",
            look.paint(Style::Faint, super::short_digest(head))
        ));
    }
    text
}
