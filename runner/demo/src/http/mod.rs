//! The deployed service.

mod health;
mod serve;
mod site;

pub(crate) use serve::serve;
