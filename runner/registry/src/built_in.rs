//! The plugins inside the binary.

/// Names and components, by name. Each component has its manifest appended; see `build/embed.rs`.
static BUILT_IN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The plugin that `capstep demo` stops. Nobody has a use for it elsewhere.
const DEMO: &str = "demo-curious";

/// The names, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != DEMO)
}

/// The component of this name, and the name; the demo's own `in_demo` alone.
pub(crate) fn find(name: &str, in_demo: bool) -> Option<(&'static str, &'static [u8])> {
    BUILT_IN
        .iter()
        .copied()
        .find(|(known, _)| *known == name && (in_demo || *known != DEMO))
}
