//! Messages that no case shows and no test expects, each with the reason.

/// What the system refuses: a disk that is full, a file that can't be read although it is there. A test could only make it
/// happen as another user, or by breaking the machine.
const SYSTEM: &str = "the system's own error";
/// What would be a mistake of the program itself: other parts of it make sure that it never comes to that.
const INTERNAL: &str = "a fault of capstep";
/// Another check is always first to say it, in other words; this one stays for whoever calls the library otherwise.
const SAID_BEFORE: &str = "said before by another check";
/// A part of a longer text, or what another program's text is looked through for.
const NO_MESSAGE: &str = "no message by itself";

/// The message, as it is written in the source, and why nothing shows it.
pub(super) const ALLOWED: &[(&str, &str)] = &[
    ("`git` can't be run: {error}", SYSTEM),
    ("chown root {shown} && chmod 0755 {shown}", SYSTEM),
    ("give it back: chown -R {me} {shown}", SYSTEM),
    ("signals can't be listened to: {error}", SYSTEM),
    ("standard output can't be written to: {error}", SYSTEM),
    ("the demo could not be set up: {error}", SYSTEM),
    ("the folder {path} can't be opened: {message}", SYSTEM),
    (
        "the value can't be read from standard input: {error}",
        SYSTEM,
    ),
    ("threads can't be started: {error}", SYSTEM),
    ("{shown} belongs to the user {owner}, not to {me}", SYSTEM),
    (
        "{shown} is not there and can't be made: {} can't be written to",
        SYSTEM,
    ),
    ("{shown} may be written to by others than root", SYSTEM),
    ("a delegated cgroup for {}", SYSTEM),
    ("the run is under way", SYSTEM),
    ("what was typed is no UTF-8 text", SYSTEM),
    ("it can't be encrypted", INTERNAL),
    ("`{}` was not loaded", INTERNAL),
    ("a fault of capstep itself: {}", INTERNAL),
    ("can't write JSON: {error}", INTERNAL),
    ("no manual page: {error}", INTERNAL),
    ("steps with scripts can't be used: {error}", INTERNAL),
    (
        "the built-in plugin `{name}` can't be used: {why}",
        INTERNAL,
    ),
    (
        "the curious plugin was not stopped, and should have been",
        INTERNAL,
    ),
    ("`with` is a map of inputs", SAID_BEFORE),
    ("a {} has no bound", SAID_BEFORE),
    (
        "files are looked at only when the pipeline runs",
        SAID_BEFORE,
    ),
    ("is known only when the pipeline runs", SAID_BEFORE),
    ("it is made of a secret", SAID_BEFORE),
    ("{} plugin(s) can't be run", SAID_BEFORE),
    ("it was not read", INTERNAL),
    ("is made of a secret", SAID_BEFORE),
    ("it can't be read: {error}", SYSTEM),
    ("the journal can't be written: {error}", SYSTEM),
    ("; another one had to go for it", NO_MESSAGE),
    ("; {removed} others had to go for it", NO_MESSAGE),
    ("{place}: the line's end is not expected here", NO_MESSAGE),
    ("a NUL byte", NO_MESSAGE),
    ("not a git repository", NO_MESSAGE),
];
