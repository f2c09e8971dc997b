//! Whether something is to run.

use capstep_pipeline::expr::{EvalError, Expr, JobStatus, Scope, evaluate_condition};

/// Whether something is to run.
pub(crate) enum Due {
    /// It runs.
    Yes,
    /// It doesn't, and why.
    No(Reason),
    /// Its condition can't be evaluated.
    Unknown(EvalError),
}

/// Why something is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its own condition is false.
    Condition,
    /// It is only meant for when all went well, and this is how it went.
    Status(JobStatus),
}

/// Whether a step of `finally` is to run: unless its condition says no.
pub(crate) fn due_at_the_end(condition: Option<&Expr>, scope: &dyn Scope) -> Due {
    match condition.map(|condition| evaluate_condition(condition, scope)) {
        None | Some(Ok(true)) => Due::Yes,
        Some(Ok(false)) => Due::No(Reason::Condition),
        Some(Err(error)) => Due::Unknown(error),
    }
}

/// Whether something is to run: its condition, and `success()` where the condition asks for no status itself.
pub(crate) fn due(condition: Option<&Expr>, scope: &dyn Scope) -> Due {
    let status = scope.status();
    let asks = condition.is_some_and(Expr::uses_status);
    if !asks && status != JobStatus::Success {
        return Due::No(Reason::Status(status));
    }
    match condition.map(|condition| evaluate_condition(condition, scope)) {
        None | Some(Ok(true)) => Due::Yes,
        // Asking for a status that isn't there is as good as not asking: what people want to know is how it went.
        Some(Ok(false)) if asks && status != JobStatus::Success => Due::No(Reason::Status(status)),
        Some(Ok(false)) => Due::No(Reason::Condition),
        Some(Err(error)) => Due::Unknown(error),
    }
}
