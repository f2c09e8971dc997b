//! A plugin's version, as semantic versioning writes it (semver.org, 2.0.0): what compares two versions must be able to
//! read both.

/// Whether a text is a semantic version: `1.0.0`, `1.0.0-rc.1`, `1.0.0+build.5`.
pub(super) fn is_version(text: &str) -> bool {
    let (rest, build) = match text.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (text, None),
    };
    let (core, before) = match rest.split_once('-') {
        Some((core, before)) => (core, Some(before)),
        None => (rest, None),
    };
    let parts = |text: Option<&str>, is_part: fn(&str) -> bool| {
        text.is_none_or(|text| text.split('.').all(is_part))
    };
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && parts(before, |part| {
            is_number(part) || (is_word(part) && !is_digits(part))
        })
        && parts(build, is_word)
}

fn is_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number without zeros before it, which would be a second spelling.
fn is_number(part: &str) -> bool {
    is_digits(part) && (part == "0" || !part.starts_with('0'))
}

fn is_word(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        // From the examples of semver.org.
        for good in [
            "0.0.4",
            "1.2.3",
            "10.20.30",
            "1.1.2-prerelease+meta",
            "1.1.2+meta",
            "1.0.0-alpha",
            "1.0.0-alpha.0valid",
            "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
            "1.0.0--",
            "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
            "1.0.0-0A.is.legal",
            "99999999999999999999999.999999999999999999.99999999999999999",
        ] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            "01.1.1",
            "1.01.1",
            "1.1.01",
            "1.2.3-0123",
            "1.2.3-0123.0123",
            "1.1.2+.123",
            "1.2.3-",
            "1.2.3+",
            "1.0.0-alpha..1",
            "1.0.0-alpha_beta",
            "1.2.3 ",
            "1.2.-3",
            "one",
            "1.0.0+a+b",
            "١.0.0",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
