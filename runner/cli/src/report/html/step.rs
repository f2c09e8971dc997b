//! A job's steps: how each ended and why, its log, its outputs, its authority.

use serde_json::Value;

use super::super::markup::Markup;
use super::super::recording::{JobRecord, Line, Log, StepRecord, Weight, cut, is_fine};
use super::{StepView, View, authority, cell, end_table, outcome, table, times, took};
use crate::error::count;

/// The longest value that is shown whole, in bytes: longer ones are for programs, which read the events.
const VALUE: usize = 4 * 1024;

/// A job with its steps.
pub(super) fn job(page: &mut Markup, view: View<'_>, place: usize, job: &JobRecord) {
    page.raw("<section><h3")
        .attribute("id", format!("j{place}"));
    page.raw(">").text(&job.id).raw(" ");
    outcome(page, job.outcome, job.continues);
    page.raw("</h3>\n");
    if let Some((environment, url)) = &job.deployed {
        page.raw("<p>Deployed to <strong>").text(environment);
        page.raw("</strong>");
        if let Some(url) = url {
            // A text and no link: where it leads is the pipeline's to say, and a page without scripts is safe to open.
            page.raw(": <code>").text(url).raw("</code>");
        }
        page.raw("</p>\n");
    }
    if let Some(message) = &job.message {
        page.raw("<p>").text(message).raw("</p>\n");
    }
    let planned = view.plan.jobs.iter().find(|planned| planned.id == job.id);
    if let Some(planned) = planned.filter(|planned| !planned.needs.is_empty()) {
        page.raw("<p class=\"dim\">after ");
        page.text(planned.needs.join(", ")).raw("</p>\n");
    }
    if job.cached.lines() > 0 {
        page.raw("<pre>");
        lines(page, &job.cached);
        page.raw("</pre>\n");
    }
    if has_entries(&job.outputs) {
        page.raw("<details><summary>Outputs of the job</summary>\n");
        values(page, &job.outputs);
        page.raw("</details>\n");
    }
    for step in &job.steps {
        write(page, view.step(place, job, step));
    }
    page.raw("</section>\n");
}

fn write(page: &mut Markup, view: StepView<'_>) {
    let step = view.step;
    page.raw("<article class=\"step\"")
        .attribute("id", view.anchor());
    page.raw(">\n<header><h4>")
        .number(step.number as u64)
        .raw(". ");
    page.text(&step.name).raw("</h4>");
    outcome(page, step.outcome, step.continues);
    if let Some(span) = step.span {
        page.raw("<span>");
        took(page, span.took);
        page.raw("</span>");
    }
    page.raw("<span class=\"dim\">");
    page.text(view.plan.map_or(&step.uses, |plan| &plan.plugin));
    if let Some(place) = view.place() {
        page.raw(", written at <code>")
            .text(place.to_string())
            .raw("</code>");
    }
    if let Some(span) = step.span {
        page.raw(", started after ");
        took(page, span.start);
    }
    if step.attempts > 1 {
        page.raw(", tried ").text(times(step.attempts.into()));
    }
    page.raw("</span></header>\n");
    why(page, step);
    denials(page, step);
    log(page, step);
    if has_entries(&step.outputs) {
        page.raw("<details><summary>Outputs</summary>\n");
        values(page, &step.outputs);
        page.raw("</details>\n");
    }
    authority::of_step(page, view);
    page.raw("</article>\n");
}

fn why(page: &mut Markup, step: &StepRecord) {
    let Some(message) = &step.message else { return };
    page.raw("<div class=\"why\"><p>").text(message).raw("</p>");
    if let Some(help) = step.help() {
        page.raw("<p><strong>Hint:</strong> ")
            .text(help)
            .raw("</p>");
    }
    let mut rest = step.details.clone();
    if let Some(rest) = rest.as_object_mut() {
        // They stand elsewhere, in words.
        rest.remove("help");
        rest.remove("denials");
    }
    if has_entries(&rest) {
        page.raw("<details><summary>Details</summary>\n");
        values(page, &rest);
        page.raw("</details>");
    }
    page.raw("</div>\n");
}

/// What a rule stopped, and the line that would allow it.
fn denials(page: &mut Markup, step: &StepRecord) {
    if step.denials.is_empty() {
        return;
    }
    page.raw("<div class=\"why\"><p><strong class=\"denied\">Denied</strong></p>\n<ul>\n");
    for denial in &step.denials {
        page.raw("<li><code>")
            .text(denial.rule.word())
            .raw("</code>: ");
        page.text(&denial.message);
        if let Some(place) = &denial.place {
            page.raw("<br><span class=\"dim\"><code>")
                .text(&denial.pointer);
            page.raw("</code> was handed over at <code>");
            page.text(place.to_string()).raw("</code></span>");
        }
        if let Some(hint) = &denial.hint {
            page.raw("<br><strong>To allow it:</strong> ").text(hint);
        }
        page.raw("</li>\n");
    }
    if step.more_denials > 0 {
        page.raw("<li>and ")
            .number(step.more_denials)
            .raw(" more</li>\n");
    }
    page.raw("</ul></div>\n");
}

/// The log: open where the step did not pass.
fn log(page: &mut Markup, step: &StepRecord) {
    if step.log.lines() == 0 {
        return;
    }
    page.raw(if is_fine(step.outcome) {
        "<details>"
    } else {
        "<details open>"
    });
    page.raw("<summary>Log <span class=\"dim\">");
    page.text(count(
        usize::try_from(step.log.lines()).unwrap_or(usize::MAX),
        "line",
    ));
    page.raw("</span></summary>\n<pre>");
    lines(page, &step.log);
    page.raw("</pre></details>\n");
}

fn lines(page: &mut Markup, log: &Log) {
    let (head, left_out, tail) = log.parts();
    head.iter().for_each(|one| line(page, one));
    if left_out > 0 {
        page.raw("<span class=\"notice\">… ").number(left_out);
        page.raw(" lines are left out here …</span>\n");
    }
    tail.for_each(|one| line(page, one));
}

fn line(page: &mut Markup, line: &Line) {
    page.text("  ".repeat(line.depth));
    let (start, label) = match line.weight {
        Weight::Info => ("<span>", ""),
        Weight::Debug => ("<span class=\"dim\">", ""),
        Weight::Warn => ("<span class=\"warn\">", "warning: "),
        Weight::Error => ("<span class=\"error\">", "error: "),
        Weight::Group => ("<span class=\"group\">", ""),
    };
    page.raw(start).raw(label).text(&line.text).raw("</span>\n");
}

fn has_entries(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| !entries.is_empty())
}

/// Names and values.
fn values(page: &mut Markup, values: &Value) {
    table(page, &["Name", "Value"]);
    for (name, value) in values.as_object().into_iter().flatten() {
        page.raw("<tr>");
        cell(page, "Name");
        page.text(name).raw("</td>");
        cell(page, "Value");
        page.raw("<code>");
        match value {
            Value::String(text) => page.text(cut(text, VALUE)),
            other => page.text(cut(&other.to_string(), VALUE)),
        };
        page.raw("</code></td></tr>\n");
    }
    end_table(page);
}
