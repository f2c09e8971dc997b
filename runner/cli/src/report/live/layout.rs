//! The area's lines: what they say for a board, in a terminal of some size.

use std::time::{Duration, Instant};

use super::bar;
use super::board::{Board, Counts, Job, Step};
use super::cells::{Line, cut, width};
use crate::printer::{Look, Style};

/// How large a terminal is, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// A run that is over before this shows no area: it would only flash.
const SETTLED: Duration = Duration::from_millis(300);
/// Which part of the terminal's height jobs may take: one in so many rows.
const SHARE: usize = 3;
/// How wide the columns of jobs and of steps may get, so that there is room for what is done.
const WIDEST_JOB: usize = 20;
const WIDEST_STEP: usize = 32;

/// The area's lines, the totals last; none where nothing runs, or where there is no room.
pub(super) fn lines(board: &Board, now: Instant, size: Size, look: Look) -> Vec<String> {
    let since = |began| now.saturating_duration_since(began);
    // One row is for the report's own lines.
    let room = size.rows.saturating_sub(1);
    if board.running.is_empty() || since(board.began) < SETTLED || room == 0 {
        return Vec::new();
    }
    let (shown, more) = fitting(board.running.len(), size.rows, room - 1);
    let jobs: Vec<&Job> = board.running.iter().take(shown).collect();
    let total = elapsed(since(board.began));
    let steps: Vec<String> = jobs.iter().map(|job| step(job)).collect();
    let columns = Columns {
        all: size.columns,
        // The run is older than its jobs.
        time: width(&total).max(widest(jobs.iter().map(|job| elapsed(since(job.began))))),
        job: widest(jobs.iter().map(|job| job.id.clone())).min(WIDEST_JOB),
        step: widest(steps.iter().cloned()).min(WIDEST_STEP),
    };
    let mut lines: Vec<Line> = jobs
        .iter()
        .zip(&steps)
        .map(|(job, step)| row(job, step, &columns, now, look))
        .collect();
    if let Some(more) = more {
        let mut line = Line::default();
        line.right(Style::Faint, "", columns.time);
        line.push(Some(Style::Faint), format!("  and {more} more jobs"));
        lines.push(line);
    }
    let mut line = Line::default();
    line.right(Style::Strong, &total, columns.time);
    line.push(None, format!("  {}", counted(board)));
    lines.push(line);
    // The last column stays free: some terminals begin a new line as soon as it is written to.
    let limit = size.columns.saturating_sub(1);
    lines.iter().map(|line| line.show(limit, look)).collect()
}

/// How many of the running jobs are shown, and how many are counted in a line of their own.
fn fitting(running: usize, rows: usize, room: usize) -> (usize, Option<usize>) {
    let most = (rows / SHARE).max(1).min(room);
    if running <= most {
        return (running, None);
    }
    // The line that counts the others takes a row, too.
    let shown = most.min(room.saturating_sub(1));
    let more = (room > 0).then_some(running - shown);
    // "And 1 more" is as long as the job itself.
    match more {
        Some(1) if room > shown => (running, None),
        more => (shown, more),
    }
}

struct Columns {
    /// All of them, as the terminal has.
    all: usize,
    time: usize,
    job: usize,
    step: usize,
}

fn widest(texts: impl Iterator<Item = String>) -> usize {
    texts.map(|text| width(&text)).max().unwrap_or(0)
}

fn step(job: &Job) -> String {
    let named = |step: &Step| format!("{}. {}", step.number, step.name);
    job.step.as_ref().map_or(String::new(), named)
}

fn row(job: &Job, step: &str, columns: &Columns, now: Instant, look: Look) -> Line {
    let mut line = Line::default();
    let time = elapsed(now.saturating_duration_since(job.began));
    line.right(Style::Faint, &time, columns.time);
    line.push(None, "  ");
    line.left(
        Some(Style::Name),
        &cut(&job.id, columns.job, look),
        columns.job,
    );
    line.push(None, "  ");
    line.left(None, &cut(step, columns.step, look), columns.step);
    line.push(None, "  ");
    does(&mut line, job, columns.all, now, look);
    line
}

/// What a job is doing.
fn does(line: &mut Line, job: &Job, columns: usize, now: Instant, look: Look) {
    if let Some(group) = &job.waits_for {
        let text = format!("waits for its turn in the group `{group}`");
        line.push(Some(Style::Notice), text);
        return;
    }
    if let Some(text) = &job.beside {
        line.push(None, text.clone());
        return;
    }
    let Some(step) = &job.step else { return };
    let again = step.again.map(|again| again.saturating_duration_since(now));
    if let Some(wait) = again.filter(|wait| !wait.is_zero()) {
        // The second that has begun counts: there is no "in 0 s".
        let wait = elapsed(wait + Duration::from_millis(999));
        line.push(Some(Style::Notice), format!("failed; once more in {wait}"));
    } else if let Some(shown) = step.progress.shown() {
        bar::push(line, &shown, columns, look);
    } else if let Some(group) = step.groups.last() {
        line.push(Some(Style::Faint), group.clone());
    }
}

/// How many jobs are in which state; only those states that some are in.
fn counted(board: &Board) -> String {
    let Counts {
        passed,
        failed,
        skipped,
        cancelled,
        ..
    } = board.counts;
    let counts = [
        (passed, "passed"),
        (failed, "failed"),
        (cancelled, "cancelled"),
        (skipped, "skipped"),
        (board.running.len(), "running"),
        (board.waiting(), "waiting"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    counts.join(", ")
}

/// A duration in whole seconds: what changes more often than that is not calm.
fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {:>2} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:>2} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests;
