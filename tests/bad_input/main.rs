//! What is too large, too deep, too slow or not what it says: each ends in a plain error, soon, and in little memory.
//!
//! - `pipelines`: files that are no pipelines; `plugins`: files that are no plugins;
//! - `guests`: plugins that never end, or never stop talking; `peers`, `ssh_peers`: hosts that do.

mod guests;
mod limits;
mod peers;
mod pipelines;
mod plugins;
mod ssh_peers;
