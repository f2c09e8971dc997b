//! Secrets in a file that is encrypted with [age](https://age-encryption.org): names and values, for recipients who each
//! have an identity. The file may lie in a repository; `age -d` reads it as well.
//!
//! - `store`: the names and values, and their plain form;
//! - `seal`: encrypted and decrypted;
//! - `recipients`: who can read it; `identity`: who one is;
//! - `error`: what can be wrong with each.
//!
//! No file is touched: callers bring bytes and put them away. Plain text is overwritten when it is dropped.
//!
//! age says who can read a file, not who wrote it: whoever has the recipients can make another one.

mod error;
mod identity;
mod recipients;
mod seal;
mod store;

pub use error::{IdentityError, RecipientError, SealError, StoreError};
pub use identity::{Identities, new_identity};
pub use recipients::Recipients;
pub use seal::{open, seal};
pub use store::{Store, is_name};
