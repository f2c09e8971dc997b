//! Plugins that attack. Every verb meets every rule that can stop it, twice: once with the grant, and the act is done;
//! once without, and it is denied, the journal says by which rule, and the step fails although its plugin says that all
//! went well.
//!
//! - `place`: the servers, the files and the plugin's manifest that all cases share;
//! - `denials_*`: the cases; `matrix`: that none is missing; `runner`: how one is run;
//! - `caches`: what is kept between runs;
//! - `untrusted`: what somebody else's pipeline would see of the caller's;
//! - `untrusted_addresses`: what it would reach of this machine by its address;
//! - `http_door`: requests by `wasi:http`;
//! - `neighbours`: what other processes can read of a run;
//! - `mounts`: folders that a plugin sees directly;
//! - `exhaustion`: memory, threads and logs without end, forged names;
//! - `kinds`: every kind of error, caused for real;
//! - `masking`: secrets taken piece by piece;
//! - `words`: every access word, two-sided;
//! - `without_verbs`: what a plugin tries by itself;
//! - `blame`: whose failure it is, which is not the plugin's to say.

mod blame;
mod caches;
mod denials_docker;
mod denials_files;
mod denials_net;
mod denials_ssh;
mod denials_state;
mod exhaustion;
mod http_door;
mod kept_values;
mod kinds;
mod masking;
mod matrix;
mod mounts;
mod neighbours;
mod place;
mod runner;
mod untrusted;
mod untrusted_addresses;
mod without_verbs;
mod words;
