//! The other host: tests for steps, natively.
//!
//! [`Mock`] stands behind every interface. A function of the test answers each [`Call`]; time is virtual, so that a
//! step that waits four minutes is tested in none; what was called and logged can be looked at afterwards. [`manifest`]
//! compares a step's types with its `plugin.toml`.

mod call;
mod interfaces;
pub mod manifest;
mod mock;
mod reply;

pub use call::Call;
pub use mock::{Mock, MockOp, MockSession};
pub use reply::{Answer, Reply};
