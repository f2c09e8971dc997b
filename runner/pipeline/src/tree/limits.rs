//! How much YAML is read before it counts as an attack or an accident.

use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

/// The most nodes (scalars, lists, maps) in a file, those that aliases repeat included. Far beyond any pipeline; it
/// stops an alias bomb while its tree still fits in some tens of megabytes.
const MAX_NODES: usize = 250_000;

/// The most parser events; two for each list and map, one for each scalar, so this never stops what
/// [`MAX_NODES`] allows.
const MAX_EVENTS: usize = 600_000;

/// How deep lists and maps may nest. The tree is read, checked and dropped by recursion, so this bounds the stack.
const MAX_DEPTH: usize = 64;

/// The most aliases (`*name`) in a file. Pipelines use a handful.
const MAX_ALIASES: usize = 1_000;

/// The most events that aliases may repeat in sum: what makes a ten-level alias bomb end at once.
const MAX_REPLAYED_EVENTS: usize = 50_000;

/// How deep aliases may lead to aliases.
const MAX_ALIAS_DEPTH: usize = 8;

/// The most text in scalars. The file itself is at most 1 MiB; more can only come from repeating by alias, which this
/// keeps from filling the memory.
pub(super) const MAX_SCALAR_BYTES: usize = 8 * 1024 * 1024;

/// The reader's options: strict, bounded, one document.
pub(super) fn options(duplicate_keys: DuplicateKeyPolicy) -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: MAX_EVENTS,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_aliases: MAX_ALIASES,
            max_anchors: MAX_ALIASES,
            max_total_scalar_bytes: MAX_SCALAR_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED_EVENTS,
            max_replay_stack_depth: MAX_ALIAS_DEPTH,
        },
        duplicate_keys: duplicate_keys,
        // A merged map would put keys into a step that stand somewhere else: what a step may do is read where it stands.
        merge_keys: MergeKeyPolicy::Error,
        // JSON has no infinities; `1e999`, an abbreviated commit perhaps, stays the text it is.
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        // A tag that nothing reads (`if: !cancelled()`) would vanish without a word.
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}
