//! The fixed shell programs that manage releases. They run by [`crate::script::BOOTSTRAP_SH`], their values come before
//! them as single-quoted assignments, and they need no more than a POSIX shell and its usual tools.

/// There is a release of that name.
pub(super) const EXISTS: u32 = 61;
/// There is no release of that name.
pub(super) const MISSING: u32 = 62;
/// `current` is there and is no link.
pub(super) const CURRENT_IS_NO_LINK: u32 = 63;
/// `mv` can't replace a link in one step.
pub(super) const NO_ATOMIC_MOVE: u32 = 64;

/// Every program with the names of its values, in their order: for a server that runs these and nothing else.
pub const ALL: [(&str, &[&str]); 8] = [
    (BEGIN, &["base", "name"]),
    (SHARE, &["base", "name", "shared"]),
    (COMMIT, &["base", "name"]),
    (PREPARE_LINK, &["base", "name"]),
    (FINISH, &["base", "name"]),
    (REMOVE, &["base", "name"]),
    (LIST, &["base"]),
    (FIND, &["folder"]),
];

/// `base`, `name`: makes the release's folder as a copy of the current one.
///
/// The mark is made first and removed last, so that a folder without one is whole. Hard links and a copy on write are
/// not asked for where `cp` doesn't know them.
pub const BEGIN: &str = r#"
set -eu
mkdir -p -- "$base/releases" "$base/shared"
new="$base/releases/$name"
if [ -e "$new" ] || [ -L "$new" ]; then exit 61; fi
: > "$base/releases/.unfinished-$name"
if [ -L "$base/current" ] && [ -d "$base/current/" ]; then
  if cp -a --reflink=auto -- "$base/current/." "$new" 2>/dev/null; then :
  else
    rm -rf -- "$new"
    cp -pPR -- "$base/current/." "$new"
  fi
else
  mkdir -- "$new"
fi
"#;

/// `base`, `name`, `shared`: replaces the release's path by a link to the shared one. What the shared path lacks is
/// taken from the release, else an empty folder is made.
pub const SHARE: &str = r#"
set -eu
new="$base/releases/$name/$shared"
kept="$base/shared/$shared"
mkdir -p -- "$(dirname -- "$new")" "$(dirname -- "$kept")"
if [ ! -e "$kept" ] && [ ! -L "$kept" ]; then
  if [ ! -L "$new" ] && [ -e "$new" ]; then mv -- "$new" "$kept"; else mkdir -- "$kept"; fi
fi
if [ -L "$new" ] && [ "$(readlink "$new")" = "$kept" ]; then exit 0; fi
rm -rf -- "$new"
ln -s -- "$kept" "$new"
"#;

/// `base`, `name`: points `current` at the release, in one step, and prints the name it pointed at before.
pub const COMMIT: &str = r#"
set -eu
cd -- "$base"
if [ ! -d "releases/$name" ]; then exit 62; fi
if [ -e current ] && [ ! -L current ]; then exit 63; fi
previous=
if [ -L current ]; then previous=$(readlink current); fi
rm -f -- ".current-$name"
ln -s -- "releases/$name" ".current-$name"
if ! mv -T -f -- ".current-$name" current 2>/dev/null; then
  rm -f -- ".current-$name"
  exit 64
fi
rm -f -- "releases/.unfinished-$name"
printf %s "$previous"
"#;

/// `base`, `name`: where [`COMMIT`] ended with `NO_ATOMIC_MOVE`, prepares the link that is then renamed over SFTP.
pub const PREPARE_LINK: &str = r#"
set -eu
cd -- "$base"
rm -f -- ".current-$name"
ln -s -- "releases/$name" ".current-$name"
if [ -L current ]; then readlink current; fi
"#;

/// `base`, `name`: the release is whole.
pub const FINISH: &str = r#"
set -eu
rm -f -- "$base/releases/.unfinished-$name"
"#;

/// `base`, `name`: removes a release that is not the current one, whether it is finished or not.
pub const REMOVE: &str = r#"
set -eu
cd -- "$base"
if [ -L current ]; then
  case "$(readlink current)" in
    "releases/$name"|"$base/releases/$name") exit 63 ;;
  esac
fi
rm -rf -- "releases/$name"
rm -f -- ".current-$name" "releases/.unfinished-$name"
"#;

/// `base`: prints what `current` points at, then a line for each folder, with a `!` before those unfinished.
pub const LIST: &str = r#"
set -eu
cd -- "$base" 2>/dev/null || exit 62
if [ -L current ]; then readlink current; else echo; fi
cd releases 2>/dev/null || exit 0
for name in *; do
  if [ -d "$name" ] && [ ! -L "$name" ]; then
    if [ -e ".unfinished-$name" ]; then printf '!%s\n' "$name"; else printf '%s\n' "$name"; fi
  fi
done
"#;

/// `folder`: prints the paths below it, each ended by NUL, folders with a slash at the end, children before parents.
/// Links are not followed. `-print0` is missing in few systems, a character that can't be in a path in all.
pub const FIND: &str = r#"
set -eu
cd -- "$folder"
find . -depth -type d -exec printf '%s/\0' {} + -o -exec printf '%s\0' {} +
"#;
