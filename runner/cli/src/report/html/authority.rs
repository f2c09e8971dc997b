//! What a step was granted, from the plan, and what of that it used, from the journal.

use capstep_engine::Outcome;
use capstep_grants::Grant;
use capstep_grants::plan::StepPlan;

use super::super::markup::Markup;
use super::super::usage::GrantUsage;
use super::{StepView, View, cell, end_table, table, times};
use crate::error::count;
use crate::show;

/// A step's authority and the ways of its secrets.
pub(super) fn of_step(page: &mut Markup, view: StepView<'_>) {
    let Some(plan) = view.plan else { return };
    if plan.authority.is_empty() && plan.secrets.is_empty() {
        page.raw("<p class=\"why dim\">Granted nothing.</p>\n");
        return;
    }
    page.raw("<details><summary>Authority <span class=\"dim\">");
    page.text(count(plan.authority.len(), "grant"));
    if !plan.secrets.is_empty() {
        page.text(format!(", {}", count(plan.secrets.len(), "secret")));
    }
    page.raw("</span></summary>\n");
    if !plan.authority.is_empty() {
        table(page, &["May", "What", "Written at", "Used"]);
        for grant in &plan.authority {
            row(page, view, plan, grant);
        }
        end_table(page);
    }
    secrets(page, view, plan);
    for note in &plan.notes {
        page.raw("<p class=\"dim\">Note: ").text(note).raw("</p>\n");
    }
    let Some(usage) = view.usage else {
        page.raw("</details>\n");
        return;
    };
    for (pointer, usage) in usage.unplanned(plan) {
        page.raw("<p class=\"error\">Used and not in the plan: <code>")
            .text(pointer);
        page.raw("</code>, ")
            .text(times(usage.times()))
            .raw("</p>\n");
    }
    for verb in usage.in_doubt.values() {
        page.raw("<p class=\"warn\">Begun and never confirmed: <code>")
            .text(verb);
        page.raw("</code>. Whether it happened is not known.</p>\n");
    }
    page.raw("</details>\n");
}

fn row(page: &mut Markup, view: StepView<'_>, plan: &StepPlan, grant: &Grant) {
    let words = show::granted(grant, plan);
    page.raw("<tr>");
    cell(page, "May");
    page.text(&words.may).raw("</td>");
    cell(page, "What");
    page.raw("<code>").text(&words.thing).raw("</code>");
    let used = use_of(view, grant);
    if grant.authority.is_none()
        && let Some(used) = &used
    {
        for thing in &used.things {
            page.raw("<br><span class=\"dim\">then:</span> <code>")
                .text(thing)
                .raw("</code>");
        }
    }
    page.raw("</td>");
    cell(page, "Written at");
    page.raw("<code>").text(&words.place).raw("</code></td>");
    cell(page, "Used");
    match used {
        None if view.step.span.is_none() => {
            page.raw("<span class=\"dim\">the step did not run</span>");
        }
        // The host reads it in the plugin's place, as a part of other calls.
        None => {
            page.raw("<span class=\"dim\">by the host</span>");
        }
        Some(used) if used.verbs.is_empty() => {
            page.raw("<span class=\"never\">never</span>");
        }
        Some(used) => {
            let verbs: Vec<String> = used
                .verbs
                .iter()
                .map(|(verb, number)| format!("{verb} {number}×"))
                .collect();
            page.text(verbs.join(", "));
        }
    }
    page.raw("</td></tr>\n");
}

/// How a grant was used; none where that can't be said: its step did not run, or the host alone reads it.
fn use_of(view: StepView<'_>, grant: &Grant) -> Option<GrantUsage> {
    let used = view.usage.map(|usage| usage.of(&grant.pointer));
    let used = used.unwrap_or_default();
    let told = view.step.span.is_some() && (grant.role.is_none() || !used.verbs.is_empty());
    told.then_some(used)
}

fn secrets(page: &mut Markup, view: StepView<'_>, plan: &StepPlan) {
    if plan.secrets.is_empty() {
        return;
    }
    table(
        page,
        &["Secret", "Goes to", "Written at", "Used in the step"],
    );
    for flow in &plan.secrets {
        page.raw("<tr>");
        cell(page, "Secret");
        page.text(flow.secrets.join(", ")).raw("</td>");
        cell(page, "Goes to");
        page.text(&flow.to);
        if flow.revealed {
            page.raw(" <strong class=\"warn\">revealed</strong>");
        }
        page.raw("</td>");
        cell(page, "Written at");
        page.raw("<code>")
            .text(flow.place.to_string())
            .raw("</code></td>");
        cell(page, "Used in the step");
        let used = view.usage.map(|usage| &usage.secrets);
        let number = used.map_or(0, |used| {
            let numbers = flow.secrets.iter().filter_map(|name| used.get(name));
            numbers.copied().max().unwrap_or(0)
        });
        match number {
            // Signing in is a part of other calls, and a revealed secret is the plugin's own to use.
            0 => page.raw("<span class=\"dim\">no call names it</span>"),
            _ => page.text(times(number)),
        };
        page.raw("</td></tr>\n");
    }
    end_table(page);
}

/// What steps that passed were granted and never used: what the pipeline need not grant.
pub(super) fn unused(page: &mut Markup, view: View<'_>) {
    let mut unused = Vec::new();
    for step in view.steps() {
        let passed = step.step.outcome == Some(Outcome::Passed) && !step.step.taken;
        let Some(plan) = step.plan.filter(|_| passed) else {
            continue;
        };
        for grant in &plan.authority {
            if use_of(step, grant).is_some_and(|used| used.verbs.is_empty()) {
                unused.push((step, show::granted(grant, plan)));
            }
        }
    }
    page.raw(
        "<section aria-labelledby=\"unused\">\n<h2 id=\"unused\">Granted and never used</h2>\n",
    );
    if unused.is_empty() {
        page.raw("<p>The steps that passed used all that they were granted.</p>\n</section>\n");
        return;
    }
    page.raw("<p class=\"dim\">By steps that passed. What no run needs, the pipeline need not grant.</p>\n");
    table(page, &["Step", "May", "What", "Written at"]);
    for (step, words) in unused {
        page.raw("<tr>");
        cell(page, "Step");
        step.link(page);
        page.raw("</td>");
        cell(page, "May");
        page.text(&words.may).raw("</td>");
        cell(page, "What");
        page.raw("<code>").text(&words.thing).raw("</code></td>");
        cell(page, "Written at");
        page.raw("<code>")
            .text(&words.place)
            .raw("</code></td></tr>\n");
    }
    end_table(page);
    page.raw("</section>\n");
}
