//! A list of runs for people.

use super::outcome::word;
use super::table::{pad, width_of};
use crate::history::{ListedRun, RunList};
use crate::printer::{Look, Style};
use crate::report::time::duration;

/// The longest reason that a list shows, in characters: the list is to be read down, `capstep show` has it all.
const MAX_REASON: usize = 60;

/// A line for each run.
pub(crate) fn runs(list: &RunList, whose: bool, look: Look) -> String {
    let rows: Vec<[String; 5]> = list.runs.iter().map(|run| row(run, whose)).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(width_of(cell));
        }
    }
    let mut text = String::new();
    for (run, cells) in list.runs.iter().zip(&rows) {
        let (_, style) = word(run.outcome, run.state);
        let mut line = String::new();
        for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let cell = pad(cell, width);
            let cell = match place {
                0 => look.paint(Style::Strong, cell),
                3 => look.paint(style, cell),
                _ => cell.into(),
            };
            line.push_str(&cell);
            line.push_str("  ");
        }
        line.push_str(&reason(run));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if list.more > 0 {
        let more = format!("{} more: `--limit` shows them", list.more);
        text.push_str(&format!("{}\n", look.paint(Style::Faint, more)));
    }
    text
}

/// Id, when, pipeline, outcome, duration.
fn row(run: &ListedRun, whose: bool) -> [String; 5] {
    let pipeline = run.pipeline.clone().unwrap_or_default();
    let pipeline = match (&run.workspace, whose) {
        (Some(workspace), true) => format!("{workspace}: {pipeline}"),
        _ => pipeline,
    };
    [
        run.run.clone(),
        run.started.as_deref().map(when).unwrap_or_default(),
        pipeline,
        word(run.outcome, run.state).0.to_owned(),
        run.milliseconds.map(duration).unwrap_or_default(),
    ]
}

/// An RFC 3339 time to the second: `2026-11-21 11:02:03Z`.
pub(super) fn when(time: &str) -> String {
    match time.split_once('T') {
        Some((day, rest)) => format!("{day} {}Z", rest.get(..8).unwrap_or(rest)),
        None => time.to_owned(),
    }
}

/// `deploy/2 ssh-deploy: the script ended with 1`.
fn reason(run: &ListedRun) -> String {
    let Some(failed) = &run.failed else {
        return String::new();
    };
    let mut text = failed.job.clone();
    if let Some(step) = failed.step {
        text.push_str(&format!("/{step}"));
    }
    if let Some(name) = &failed.name {
        text.push_str(&format!(" {name}"));
    }
    if let Some(message) = &failed.message {
        let line = message.lines().next().unwrap_or_default();
        let short: String = line.chars().take(MAX_REASON).collect();
        let cut = if short.len() < message.len() {
            " …"
        } else {
            ""
        };
        text.push_str(&format!(": {short}{cut}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(when("2026-11-21T11:02:03.5Z"), "2026-11-21 11:02:03Z");
        assert_eq!(when("now"), "now");
    }
}
