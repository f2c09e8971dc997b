//! A bar, and what stands beside it.

use super::cells::Line;
use super::progress::Shown;
use crate::gc::bytes;
use crate::printer::{Look, Style};

/// How many cells a bar takes: half as many where there is less room for what stands beside it.
const BAR: u64 = 20;
/// From how many columns on a terminal has room.
const ROOMY: usize = 100;
/// From how many on a number is one of bytes. What is counted is not said with a number, and nobody counts ten thousand
/// of anything else.
const BYTES: u64 = 10_000;

/// Adds a bar where it is known how much there is, a number where it is not.
pub(super) fn push(line: &mut Line, shown: &Shown, columns: usize, look: Look) {
    let Some(total) = shown.total else {
        line.push(None, format!("{}  ", shown.what));
        line.push(Some(Style::Faint), amount(shown.done, shown.done));
        return;
    };
    let (full, rest) = if look.unicode {
        ("━", "─")
    } else {
        ("#", "-")
    };
    let cells = if columns < ROOMY { BAR / 2 } else { BAR };
    let filled = share(shown.done, total, cells);
    line.push(Some(Style::Good), full.repeat(filled));
    line.push(Some(Style::Faint), rest.repeat(share(1, 1, cells) - filled));
    line.push(
        None,
        format!(" {:>3} %  {}  ", share(shown.done, total, 100), shown.what),
    );
    let amounts = format!("{} of {}", amount(shown.done, total), amount(total, total));
    line.push(Some(Style::Faint), amounts);
}

/// How many of so many parts are done; all of them only at the end.
fn share(done: u64, total: u64, parts: u64) -> usize {
    let share = u128::from(done.min(total)) * u128::from(parts) / u128::from(total.max(1));
    usize::try_from(share).unwrap_or(0)
}

/// A number that goes up to another one.
fn amount(number: u64, most: u64) -> String {
    if most < BYTES {
        number.to_string()
    } else {
        bytes(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_say_how_much_is_done() {
        let check = |done, total, unicode, expected: &str| {
            let look = Look {
                colour: false,
                unicode,
            };
            let mut line = Line::default();
            let what = "uploading".to_owned();
            push(&mut line, &Shown { what, done, total }, ROOMY, look);
            assert_eq!(line.show(100, look), expected);
        };
        check(
            0,
            Some(24),
            false,
            "--------------------   0 %  uploading  0 of 24",
        );
        check(
            9,
            Some(24),
            true,
            "━━━━━━━─────────────  37 %  uploading  9 of 24",
        );
        check(
            1_048_576,
            Some(4_194_304),
            false,
            "#####---------------  25 %  uploading  1.0 MiB of 4.0 MiB",
        );
        // Layers of an image can be larger than was said.
        check(
            30,
            Some(24),
            false,
            "#################### 100 %  uploading  30 of 24",
        );
        check(
            u64::MAX,
            Some(u64::MAX),
            false,
            "#################### 100 %  uploading  16777215.9 TiB of 16777215.9 TiB",
        );
        check(3, None, false, "uploading  3");
        check(2_048_000, None, false, "uploading  1.9 MiB");
    }
}
