//! Mistakes, plans and plugins as text.

mod diagnostics;
mod diagnostics_json;
mod granted;
mod message;
mod plan;
mod plan_row;
mod plugin;
mod table;

pub(crate) use diagnostics::diagnostics;
pub(crate) use diagnostics_json::diagnostics_json;
pub(crate) use granted::granted;
pub(crate) use message::error;
pub(crate) use plan::plan;
pub(crate) use plugin::{plugin, plugin_list};
