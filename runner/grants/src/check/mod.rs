//! The check: may this step do this? Pure, and the only place where that is decided; every verb of the host asks here
//! before it acts.
//!
//! `act` is what can be asked, `rule` what can be the answer when it is no, `permit` what a verb gets when it is yes
//! (verbs act on permits, never on a plugin's own words), `authorize` the decision.

mod act;
mod authorize;
mod permit;
mod rule;
#[cfg(test)]
mod tests;
mod url_permit;

pub use act::Act;
pub use authorize::{StepAuthority, authorize};
pub use permit::{ImagePermit, Permit, RegistryPermit, RemotePermit, SshPermit, UrlPermit};
pub use rule::{Denial, Refusal, Rule};
pub(crate) use url_permit::url_fits;
