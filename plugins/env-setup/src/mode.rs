//! Permission bits.

use capstep_sdk::Failure;

/// Reads octal permission bits: three digits, a zero before them or none. Bits beyond those (setuid and the like) have
/// no use on a file of variables.
pub(crate) fn parse(text: &str) -> Result<u32, Failure> {
    let digits = if text.len() == 4 {
        text.strip_prefix('0')
    } else {
        Some(text)
    };
    digits
        .filter(|digits| {
            digits.len() == 3 && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
        })
        .and_then(|digits| u32::from_str_radix(digits, 8).ok())
        .ok_or_else(|| {
            Failure::invalid(format!(
                "mode: `{text}` is not octal permission bits such as \"0600\""
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_digits_alone() {
        let check =
            |text: &str, expected: Option<u32>| assert_eq!(parse(text).ok(), expected, "{text}");
        check("0600", Some(0o600));
        check("640", Some(0o640));
        check("0777", Some(0o777));
        check("4755", None);
        check("00600", None);
        check("60", None);
        check("0o600", None);
        check("0680", None);
        check("+600", None);
        check("", None);
    }
}
