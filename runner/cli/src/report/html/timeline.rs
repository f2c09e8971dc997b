//! When what ran: a bar for each job and step.

use capstep_engine::Outcome;

use super::super::markup::Markup;
use super::super::recording::{Span, word};
use super::super::time::duration;
use super::{View, class};

/// How wide a bar's picture is, in its own units; a thousandth of the run is still told apart.
const WIDTH: u64 = 1_000;
/// The narrowest bar, in the same units: one that can be seen.
const NARROWEST: u64 = 4;

pub(super) fn write(page: &mut Markup, view: View<'_>) {
    page.raw("<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">Timeline</h2>\n<ul class=\"time\">\n");
    for (place, job) in view.recording.jobs.iter().enumerate() {
        page.raw("<li class=\"job\"><span class=\"name\"><a");
        page.attribute("href", format!("#j{place}")).raw(">");
        page.text(&job.id).raw("</a></span>");
        bar(page, view, job.span, job.outcome, job.continues);
        page.raw("</li>\n");
        for step in &job.steps {
            let step = view.step(place, job, step);
            page.raw("<li class=\"of-job\"><span class=\"name\">");
            page.number(step.step.number as u64).raw(". <a");
            page.attribute("href", format!("#{}", step.anchor()));
            page.raw(">").text(&step.step.name).raw("</a></span>");
            let continues = step.step.continues;
            bar(page, view, step.step.span, step.step.outcome, continues);
            page.raw("</li>\n");
        }
    }
    page.raw("</ul>\n</section>\n");
}

/// The bar, and what it says in words.
fn bar(
    page: &mut Markup,
    view: View<'_>,
    span: Option<Span>,
    outcome: Option<Outcome>,
    continues: bool,
) {
    page.raw("<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">");
    if let Some(span) = span {
        let (x, width) = place(span, view.recording.took);
        page.raw("<rect")
            .attribute("class", class(outcome, continues));
        page.attribute("x", x.to_string());
        page.attribute("width", width.to_string());
        page.raw(" y=\"0\" height=\"10\"><title>")
            .text(word(outcome));
        page.raw(", from ")
            .text(duration(span.start))
            .raw(" on</title></rect>");
    }
    page.raw("</svg><span class=\"took\">");
    match span {
        Some(span) => page.text(duration(span.took)),
        None => page.text(word(outcome)),
    };
    page.raw("</span>");
}

/// Where a bar begins and how wide it is, in the picture's units.
fn place(span: Span, whole: u64) -> (u64, u64) {
    let scaled = |milliseconds: u64| milliseconds.saturating_mul(WIDTH) / whole.max(1);
    let x = scaled(span.start).min(WIDTH - NARROWEST);
    let width = scaled(span.took).clamp(NARROWEST, WIDTH - x);
    (x, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_in_the_picture() {
        let check = |start, took, whole, expected| {
            assert_eq!(place(Span { start, took }, whole), expected);
        };
        check(0, 500, 1_000, (0, 500));
        check(500, 500, 1_000, (500, 500));
        check(0, 1, 1_000_000, (0, 4));
        check(1_000, 0, 1_000, (996, 4));
        check(2_000, 5_000, 1_000, (996, 4));
        check(0, 0, 0, (0, 4));
        check(u64::MAX, u64::MAX, u64::MAX, (1, 4));
    }
}
