//! Where a project's jobs have deployed to, for people.

use capstep_engine::Deployment;

use super::runs::when;
use super::table::{pad, width_of};
use crate::history::EnvironmentList;
use crate::printer::{Look, Style};

/// A line for each environment with what is there now; `whole`: one for each deployment.
pub(crate) fn environments(list: &EnvironmentList, whole: bool, look: Look) -> String {
    let mut rows: Vec<[String; 5]> = Vec::new();
    for one in &list.environments {
        let shown = if whole { one.deployments.len() } else { 1 };
        for (place, deployment) in one.deployments.iter().take(shown).enumerate() {
            let name = if place == 0 { one.name.as_str() } else { "" };
            rows.push(row(name, deployment));
        }
    }
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(width_of(cell));
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = pad(cell, width);
            line.push_str(&match place {
                0 => look.paint(Style::Strong, cell),
                _ => cell.into(),
            });
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let before = list
        .environments
        .iter()
        .map(|one| one.deployments.len().saturating_sub(1));
    let before: usize = before.sum();
    if before > 0 && !whole {
        let more = format!("{before} before these: `capstep environments NAME` shows them");
        text.push_str(&format!("{}\n", look.paint(Style::Faint, more)));
    }
    text
}

/// Name, when, job, run, where.
fn row(name: &str, deployment: &Deployment) -> [String; 5] {
    [
        name.to_owned(),
        when(&deployment.time),
        deployment.job.clone(),
        deployment.run.clone(),
        deployment.url.clone().unwrap_or_default(),
    ]
}
