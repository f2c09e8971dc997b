//! How the run ended, and what went wrong in it.

use super::super::markup::Markup;
use super::super::recording::{is_fine, word};
use super::{View, outcome, took};
use crate::error::count;

/// The page's heading and the run in figures.
pub(super) fn write(page: &mut Markup, view: View<'_>) {
    let run = view.recording;
    page.raw("<header>\n<p class=\"dim\">capstep run report</p>\n<h1>");
    page.text(&run.pipeline).raw(": ");
    outcome(page, run.outcome, false);
    page.raw("</h1>\n<dl class=\"facts\">\n");
    fact(page, "Started", |page| {
        // To the second.
        let time = run.started.get(..19).unwrap_or(&run.started);
        page.text(time.replace('T', " ")).raw(" UTC");
    });
    fact(page, "Took", |page| took(page, run.took));
    let outcomes = || run.jobs.iter().map(|job| job.outcome);
    fact(page, "Jobs", |page| {
        page.text(tally(outcomes().map(word)));
    });
    fact(page, "Steps", |page| {
        page.text(tally(view.steps().map(|step| word(step.step.outcome))));
    });
    let denials: u64 = view
        .steps()
        .map(|step| step.step.denials.len() as u64 + step.step.more_denials)
        .sum();
    fact(page, "Denials", |page| {
        if denials == 0 {
            page.raw("none");
        } else {
            page.number(denials);
        }
    });
    fact(page, "Journal", |page| {
        page.text(count(
            usize::try_from(view.usage.records).unwrap_or(usize::MAX),
            "record",
        ));
        if view.usage.unreadable > 0 {
            page.raw(", <strong class=\"error\">")
                .number(view.usage.unreadable);
            page.raw(" of them unreadable</strong>");
        }
    });
    page.raw("</dl>\n</header>\n");
}

/// What did not pass, first of all; then what did not and may.
pub(super) fn wrong(page: &mut Markup, view: View<'_>) {
    section(page, view, false, ("wrong", "What went wrong"));
    section(
        page,
        view,
        true,
        ("let-pass", "Failed, with continue-on-error"),
    );
}

/// What did not pass, of what may fail or of the rest.
fn section(
    page: &mut Markup,
    view: View<'_>,
    continues: bool,
    (id, title): (&'static str, &'static str),
) {
    let steps: Vec<_> = view
        .steps()
        .filter(|step| !is_fine(step.step.outcome) && step.step.continues == continues)
        .filter(|step| !step.step.taken)
        .collect();
    let jobs: Vec<_> = view
        .recording
        .jobs
        .iter()
        .filter(|job| !is_fine(job.outcome) && job.continues == continues)
        .filter(|job| job.message.is_some() && !job.taken)
        .collect();
    if steps.is_empty() && jobs.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"").raw(id);
    page.raw("\">\n<h2 id=\"").raw(id).raw("\">").raw(title);
    page.raw("</h2>\n<ul class=\"wrong ").raw(id).raw("\">\n");
    for step in steps {
        page.raw("<li>");
        outcome(page, step.step.outcome, continues);
        page.raw(" ");
        step.link(page);
        if let Some(place) = step.place() {
            page.raw(" <code class=\"dim\">").text(place.to_string());
            page.raw("</code>");
        }
        if let Some(message) = &step.step.message {
            page.raw("<br>").text(message);
        }
        if let Some(help) = step.step.help() {
            page.raw("<br><span class=\"dim\">Hint:</span> ").text(help);
        }
        page.raw("</li>\n");
    }
    for job in jobs {
        page.raw("<li>");
        outcome(page, job.outcome, continues);
        page.raw(" the job ").text(&job.id).raw("<br>");
        page.text(job.message.as_deref().unwrap_or_default());
        page.raw("</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

/// What the run can be known by.
pub(super) fn foot(page: &mut Markup, view: View<'_>) {
    let run = view.recording;
    page.raw("<footer>\n<p>Run <code>").text(&run.run);
    page.raw("</code>, by capstep ")
        .raw(env!("CARGO_PKG_VERSION"));
    page.raw(". Secrets are masked in what is shown here.</p>\n<p>Head of the journal: <code>");
    page.text(&run.journal_head);
    page.raw("</code>. Whoever has it can tell whether the journal is whole.</p>\n</footer>\n");
}

fn fact(page: &mut Markup, name: &'static str, value: impl FnOnce(&mut Markup)) {
    page.raw("<div><dt>").raw(name).raw("</dt><dd>");
    value(page);
    page.raw("</dd></div>\n");
}

/// `3: 2 passed, 1 skipped`.
fn tally(words: impl Iterator<Item = &'static str>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut all = 0;
    for word in words {
        all += 1;
        match counts.iter_mut().find(|(other, _)| *other == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    match parts.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        _ => format!("{all}: {}", parts.join(", ")),
    }
}
