//! The codes of mistakes that only a run's values and its record make, beside those of the libraries. A test reads this
//! list: each has a case, and none stands anywhere else in this program.

/// A variable that must be given a value has none.
pub(crate) const MISSING_VALUE: &str = "missing-value";
/// A value is not of the type that the variable's default has.
pub(crate) const INVALID_VALUE: &str = "invalid-value";
/// A secret that a selected job uses has no value.
pub(crate) const MISSING_SECRET: &str = "missing-secret";
/// A run of what somebody else wrote is to deploy to an environment.
pub(crate) const UNTRUSTED_ENVIRONMENT: &str = "untrusted-environment";
/// What is run again refers to an output that no record has.
pub(crate) const NOT_RECORDED: &str = "output-not-recorded";
