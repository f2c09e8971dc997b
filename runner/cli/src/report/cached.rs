//! What is told of a job's caches.

use capstep_engine::{CacheAct, Event, Level};

use super::time::duration;
use crate::gc::bytes;

/// A line about a job's cache.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) job: &'a str,
    pub(super) level: Level,
    pub(super) text: String,
}

/// What a job is doing with a cache, while it does.
pub(super) fn doing(act: CacheAct, key: &str, size: Option<u64>) -> String {
    let verb = match act {
        CacheAct::Restore => "restores",
        CacheAct::Save => "saves",
    };
    let size = size.map_or(String::new(), |size| format!(", {}", bytes(size)));
    format!("{verb} the cache `{key}`{size}")
}

/// The line that an event is, where it is one about a cache that was done with.
pub(super) fn told(event: &Event) -> Option<Told<'_>> {
    let (job, key, level, text) = match event {
        Event::CacheRestored {
            job,
            key,
            found,
            exact,
            paths,
            bytes: size,
            milliseconds,
            ..
        } => {
            let from = match exact {
                true => String::new(),
                false => format!(" from `{found}`"),
            };
            let text = format!(
                "restored {}{from}, {} in {}",
                paths.join(", "),
                bytes(*size),
                duration(*milliseconds)
            );
            (job, key, Level::Info, text)
        }
        Event::CacheMissed {
            job,
            key,
            reason,
            level,
            ..
        } => {
            let text = match reason {
                None => "nothing is kept yet".to_owned(),
                Some(reason) => format!("not restored: {reason}"),
            };
            (job, key, *level, text)
        }
        Event::CacheSaved {
            job,
            key,
            paths,
            bytes: size,
            removed,
            milliseconds,
            ..
        } => {
            let others = match removed {
                0 => String::new(),
                1 => "; another one had to go for it".to_owned(),
                removed => format!("; {removed} others had to go for it"),
            };
            let text = format!(
                "saved {}, {} in {}{others}",
                paths.join(", "),
                bytes(*size),
                duration(*milliseconds)
            );
            (job, key, Level::Info, text)
        }
        Event::CacheNotSaved {
            job,
            key,
            reason,
            level,
            ..
        } => (job, key, *level, format!("not saved: {reason}")),
        _ => return None,
    };
    Some(Told {
        job,
        level,
        text: format!("cache `{key}`: {text}"),
    })
}
