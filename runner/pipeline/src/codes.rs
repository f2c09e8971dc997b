//! The kinds of diagnostics: stable words, for machines and for looking up.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// Every code that this crate gives.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

codes! {
    /// The text is not YAML, or YAML of a kind that isn't read (several documents, merge keys, unknown tags).
    YAML_SYNTAX = "yaml-syntax";
    /// A key stands twice in one map.
    DUPLICATE_KEY = "duplicate-key";
    /// The file is larger or deeper than is read, an expression longer or deeper, or an `env` larger.
    LIMIT_EXCEEDED = "limit-exceeded";
    /// There is nothing in the file.
    EMPTY_FILE = "empty-file";
    /// `version` names a version of the file's format that this program does not read.
    UNSUPPORTED_VERSION = "unsupported-version";
    /// A key that means nothing there.
    UNKNOWN_KEY = "unknown-key";
    /// A key that a later version will read.
    NOT_SUPPORTED_YET = "not-supported-yet";
    /// A key that must be there is not.
    MISSING_KEY = "missing-key";
    /// A value of another type than the key takes.
    WRONG_TYPE = "wrong-type";
    /// A list, map or text that must have something in it has nothing.
    EMPTY_VALUE = "empty-value";
    /// A name or id with characters that names can't have.
    BAD_NAME = "bad-name";
    /// A duration that can't be read.
    BAD_DURATION = "bad-duration";
    /// A number that is too small or too large.
    OUT_OF_RANGE = "out-of-range";
    /// A word where only some are known.
    UNKNOWN_WORD = "unknown-word";
    /// A matrix that can't be made: an axis that isn't there, two jobs of the same values, or too many.
    BAD_MATRIX = "bad-matrix";
    /// A file that can't be included: it can't be read, or includes itself.
    BAD_INCLUDE = "bad-include";
    /// Something is handed to an included file that it declares no input for, or an expression in it names none of its
    /// inputs.
    UNKNOWN_INPUT = "unknown-input";
    /// An input of an included file is not given a value.
    MISSING_INPUT = "missing-input";
    /// Two things of one name: step ids of a job, secrets, jobs in `needs`.
    DUPLICATE_NAME = "duplicate-name";
    /// `needs`, or an expression, names a job that does not exist or that isn't needed.
    UNKNOWN_JOB = "unknown-job";
    /// An expression names a step that does not exist, or that runs later.
    UNKNOWN_STEP = "unknown-step";
    /// An expression names an output that the job does not declare.
    UNKNOWN_OUTPUT = "unknown-output";
    /// An expression names a secret that isn't declared.
    UNKNOWN_SECRET = "unknown-secret";
    /// An expression names a variable that isn't declared.
    UNKNOWN_VARIABLE = "unknown-variable";
    /// Jobs that wait for each other.
    DEPENDENCY_CYCLE = "dependency-cycle";
    /// An expression that can't be read.
    EXPRESSION_SYNTAX = "expression-syntax";
    /// `${{` without `}}`.
    UNCLOSED_EXPRESSION = "unclosed-expression";
    /// An expression where none is evaluated.
    EXPRESSION_NOT_ALLOWED = "expression-not-allowed";
    /// A function that does not exist.
    UNKNOWN_FUNCTION = "unknown-function";
    /// A function called with too many or too few values.
    WRONG_ARGUMENTS = "wrong-arguments";
    /// A path that starts or goes on with something that does not exist.
    UNKNOWN_CONTEXT = "unknown-context";
    /// `success()` and the like outside of an `if`.
    STATUS_OUTSIDE_IF = "status-outside-if";
    /// A secret where its value would show: compared, in an `if`, in `toJSON`.
    SECRET_EXPOSED = "secret-exposed";
}
