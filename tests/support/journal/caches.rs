//! What a job does itself: it brings back and keeps what its caches say, and nothing else.

use serde_json::Value;

use super::Record;

/// Holds a record of a job's own against its plan.
pub(super) fn check(job: &Value, record: &Record) -> Result<(), String> {
    if !["cache/restore", "cache/save"].contains(&record.verb()) {
        return Err("no job does this by itself".to_owned());
    }
    let grants = record.0["grants"].as_array().into_iter().flatten();
    let mut any = false;
    for grant in grants {
        let caches = job["caches"].as_array().into_iter().flatten();
        let mut paths = caches.flat_map(|cache| cache["paths"].as_array().into_iter().flatten());
        let planned = paths
            .find(|path| path["pointer"] == grant["pointer"])
            .ok_or_else(|| format!("not planned: {grant}"))?;
        if planned["path"] != grant["authority"] || planned["place"] != grant["place"] {
            return Err(format!("planned {planned}, done {grant}"));
        }
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err("a cache of nothing".to_owned())
    }
}
