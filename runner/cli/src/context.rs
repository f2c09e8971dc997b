//! Where the program stands: its folder, its environment, its output.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::printer::Printer;

/// What every command is given.
pub(crate) struct Context {
    /// The current folder.
    pub(crate) folder: PathBuf,
    /// The caller's environment.
    pub(crate) environment: Environment,
    /// Where results go.
    pub(crate) printer: Printer,
}

type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

/// The caller's environment. Only what a pipeline declares is looked up in it.
pub(crate) struct Environment {
    lookup: Lookup,
}

/// Any value but an empty one means: no colours. See <https://no-color.org>.
const NO_COLOR: &str = "NO_COLOR";
/// What decides about the encoding of text, the first that is set.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

impl Context {
    /// The process's own.
    pub(crate) fn of_process(no_color: bool) -> Self {
        let environment = Environment {
            lookup: Box::new(|name| std::env::var_os(name)),
        };
        let plain = no_color
            || environment
                .get(NO_COLOR)
                .is_some_and(|value| !value.is_empty());
        let printer = Printer::detect(plain, environment.is_utf8());
        Self {
            // Without a current folder, files can only be named by absolute paths; those still work.
            folder: std::env::current_dir().unwrap_or_default(),
            environment,
            printer,
        }
    }
}

impl Environment {
    /// An environment of these variables.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let variables: std::collections::BTreeMap<String, OsString> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
            .collect();
        Self {
            lookup: Box::new(move |name| variables.get(name).cloned()),
        }
    }

    /// The variable's value.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name)
    }

    fn is_utf8(&self) -> bool {
        let set = LOCALE.iter().filter_map(|name| self.get(name));
        let mut set = set.filter(|value| !value.is_empty());
        set.next().is_some_and(|value| {
            let value = value.to_string_lossy().to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        })
    }
}
