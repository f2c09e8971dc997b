//! Why a plugin can't be used: the words of [`PluginProblem`].

use capstep_grants::plan::PluginProblem;

/// The codes of the problems found here; see `capstep_pipeline::codes` for the others.
pub mod codes {
    /// No plugin of that name is built in or named by the pipeline.
    pub const UNKNOWN_PLUGIN: &str = "unknown-plugin";
    /// A name that the pipeline gives to a plugin is that of a built-in one.
    pub const SHADOWED_PLUGIN: &str = "shadowed-plugin";
    /// The plugin's file is missing, outside the pipeline's folder, too large or can't be read.
    pub const PLUGIN_FILE: &str = "plugin-file";
    /// The file is no plugin: not WebAssembly, broken, or with a manifest that has mistakes.
    pub const INVALID_PLUGIN: &str = "invalid-plugin";
    /// Where the plugin comes from can't be read by this version.
    pub const NOT_SUPPORTED_YET: &str = capstep_pipeline::codes::NOT_SUPPORTED_YET;
}

/// A problem without a hint.
pub(crate) fn problem(code: &'static str, message: impl Into<String>) -> PluginProblem {
    PluginProblem {
        code,
        message: message.into(),
        help: None,
    }
}

/// A problem with a hint.
pub(crate) fn problem_with_help(
    code: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> PluginProblem {
    PluginProblem {
        help: Some(help.into()),
        ..problem(code, message)
    }
}
