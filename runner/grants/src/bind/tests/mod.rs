//! Binding, seen from outside: inputs in, values, grants, secrets and diagnostics out.

mod diagnostics;
mod grants;
mod run_time;
