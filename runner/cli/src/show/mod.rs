//! Mistakes, plans, plugins and runs as text.

mod diagnostics;
mod diagnostics_json;
mod digest;
mod doctor;
mod effect;
mod environments;
mod gc;
mod granted;
mod message;
mod outcome;
mod plan;
mod plan_diff;
mod plan_row;
mod plugin;
mod run;
mod runs;
mod table;
mod why;

pub(crate) use diagnostics::diagnostics;
pub(crate) use diagnostics_json::diagnostics_json;
pub(crate) use digest::short_digest;
pub(crate) use doctor::doctor;
pub(crate) use environments::environments;
pub(crate) use gc::gc;
pub(crate) use granted::granted;
pub(crate) use message::error;
pub(crate) use plan::plan;
pub(crate) use plan_diff::{PlanDiff, plan_diff};
pub(crate) use plugin::{plugin, plugin_list};
pub(crate) use run::run;
pub(crate) use runs::runs;
pub(crate) use why::{WhyAnswers, why};
