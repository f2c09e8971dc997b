//! Binding, seen from outside: inputs in, values, grants, secrets and diagnostics out.

mod run_time;
