//! What takes long when it is large. In the gate each of these is small; `tests/run --all` (`CAPSTEP_TESTS_ALL=1`)
//! makes it large, and prints at its end how large each was and how long it took. Everything random follows from a
//! seed: a failure prints it, `CAPSTEP_TESTS_SEED` gives the same again.
//!
//! - `kills`: the program is killed at any point of a deployment;
//! - `caches`: it is killed while it brings a cache back, or keeps one;
//! - `masking`: streams with secrets in them; `output`: a script that prints without end;
//! - `floods`: servers that send without end;
//! - `steps`: pipelines of many steps; `pipelines`: files of many bytes; `uploads`: deployments of many files.

mod caches;
mod floods;
mod kills;
mod masking;
mod output;
mod pipelines;
mod steps;
mod uploads;
