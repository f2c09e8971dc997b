//! What of a folder is meant: lists of patterns like those of `.gitignore`, from the pipeline's own text.
//!
//! A pattern with a slash inside or in front is about the whole path, one without about a name at any depth; with a slash
//! at its end it is about folders alone; `*` and `?` stay within a name, `**` crosses folders. A pattern that fits a
//! folder fits all below it. The last one that fits decides: `!` in front takes an entry back in, as `include` does.
//! Unlike in git, an entry can be taken back in below a folder that is left out.

use globset::{GlobBuilder, GlobMatcher};

/// The most patterns of one list: each is tried on each entry.
const PATTERNS_LIMIT: usize = 1000;

/// One pattern.
#[derive(Debug)]
struct Pattern {
    matcher: GlobMatcher,
    folders_only: bool,
    /// Whether what fits is meant after all.
    takes_in: bool,
}

/// Lists of patterns.
#[derive(Debug, Default)]
pub(super) struct Selection {
    patterns: Vec<Pattern>,
}

impl Selection {
    /// Reads what is left out and what is taken back in; an error is a sentence.
    pub(super) fn new(exclude: &[String], include: &[String]) -> Result<Self, String> {
        let mut patterns = Vec::new();
        let lists = [(exclude, false), (include, true)];
        for (text, takes_in) in lists
            .iter()
            .flat_map(|(list, takes_in)| list.iter().map(|text| (text, *takes_in)))
        {
            if let Some(pattern) = Pattern::parse(text, takes_in)? {
                patterns.push(pattern);
            }
            if patterns.len() > PATTERNS_LIMIT {
                return Err(format!("there are more than {PATTERNS_LIMIT} patterns"));
            }
        }
        Ok(Self { patterns })
    }

    /// Whether an entry is left out, by its path relative to the folder.
    pub(super) fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let mut out = false;
        for pattern in &self.patterns {
            if out == pattern.takes_in && pattern.fits(path, is_folder) {
                out = !pattern.takes_in;
            }
        }
        out
    }

    /// Whether nothing below a folder that is left out can be taken back in, so that nobody has to look.
    pub(super) fn leaves_out_all(&self, path: &str) -> bool {
        !self.patterns.iter().any(|pattern| pattern.takes_in) && self.leaves_out(path, true)
    }
}

impl Pattern {
    /// Reads one; none for an empty one or a comment.
    fn parse(text: &str, takes_in: bool) -> Result<Option<Self>, String> {
        let (taken_back, rest) = match text.strip_prefix('!') {
            Some(rest) if takes_in => {
                return Err(format!(
                    "`!{rest}`: what is included is written without `!`"
                ));
            }
            Some(rest) => (true, rest),
            None => (takes_in, text),
        };
        // A comment, as in the files that such lists are copied from.
        if rest.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let rest = rest
            .strip_prefix("\\#")
            .map_or(rest.to_owned(), |rest| format!("#{rest}"));
        let folders_only = rest.ends_with('/');
        let body = rest.trim_end_matches('/');
        let glob = match body.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if body.contains('/') => body.to_owned(),
            None => format!("**/{body}"),
        };
        let glob = glob.strip_prefix("./").unwrap_or(&glob);
        let matcher = GlobBuilder::new(glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))?
            .compile_matcher();
        Ok(Some(Self {
            matcher,
            folders_only,
            takes_in: taken_back,
        }))
    }

    /// Whether it fits the entry or a folder above it.
    fn fits(&self, path: &str, is_folder: bool) -> bool {
        if (is_folder || !self.folders_only) && self.matcher.is_match(path) {
            return true;
        }
        let mut above = path;
        while let Some((folder, _)) = above.rsplit_once('/') {
            if self.matcher.is_match(folder) {
                return true;
            }
            above = folder;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out() {
        let check = |exclude: &[&str], include: &[&str], path: &str, expected: bool| {
            let list = |texts: &[&str]| {
                texts
                    .iter()
                    .map(|&text| text.to_owned())
                    .collect::<Vec<_>>()
            };
            let selection = Selection::new(&list(exclude), &list(include)).unwrap();
            let (name, is_folder) = match path.strip_suffix('/') {
                Some(folder) => (folder, true),
                None => (path, false),
            };
            assert_eq!(
                selection.leaves_out(name, is_folder),
                expected,
                "{exclude:?} {include:?} {path}"
            );
        };
        check(&[], &[], "a", false);
        check(&["*.log"], &[], "a.log", true);
        check(&["*.log"], &[], "deep/er/a.log", true);
        check(&["/*.log"], &[], "deep/a.log", false);
        check(&["/*.log"], &[], "a.log", true);
        check(&["node_modules/"], &[], "node_modules/", true);
        check(&["node_modules/"], &[], "node_modules", false);
        check(&["node_modules/"], &[], "web/node_modules/x/y.js", true);
        check(&["a/b"], &[], "a/b/c", true);
        check(&["a/b"], &[], "x/a/b", false);
        check(&["a/*"], &[], "a/b/c", true);
        check(&["a/**/z"], &[], "a/b/c/z", true);
        check(&["?.txt"], &[], "a.txt", true);
        check(&["[ab].txt"], &[], "c.txt", false);
        check(&["{a,b}.txt"], &[], "b.txt", true);
        check(&["*.log", "!keep.log"], &[], "keep.log", false);
        check(&["!keep.log", "*.log"], &[], "keep.log", true);
        check(&["*"], &["dist"], "dist/", false);
        check(&["*"], &["dist"], "dist/app/main.js", false);
        check(&["*"], &["dist"], "src/main.js", true);
        check(&["*", "!/src/*.rs"], &[], "src/a.rs", false);
        check(&["# comment", ""], &[], "# comment", false);
        check(&["\\#x"], &[], "#x", true);
        check(&["./a"], &[], "a", true);
        check(&["A"], &[], "a", false);
    }

    #[test]
    fn folders_are_not_looked_into_where_nothing_can_come_back() {
        let selection = Selection::new(&["node_modules/".into()], &[]).unwrap();
        assert!(selection.leaves_out_all("web/node_modules"));
        assert!(!selection.leaves_out_all("web"));
        let selection = Selection::new(&["*".into()], &["dist".into()]).unwrap();
        assert!(!selection.leaves_out_all("src"));
    }

    #[test]
    fn bad_patterns_are_told() {
        for (exclude, include) in [(&["a[".to_owned()][..], &[][..]), (&[], &["!a".to_owned()])] {
            assert!(Selection::new(exclude, include).is_err());
        }
        let many = vec!["a".to_owned(); PATTERNS_LIMIT + 1];
        assert!(Selection::new(&many, &[]).is_err());
    }
}
