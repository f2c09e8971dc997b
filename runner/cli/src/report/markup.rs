//! Text with markup, XML or HTML. What is markup is written in this program; whatever else goes into it is escaped, so
//! that no name and no line of a log can become markup.

use crate::printer;

/// A page as it is written.
#[derive(Default)]
pub(super) struct Markup {
    page: String,
}

impl Markup {
    /// Markup. Only what stands in the program's own text can be it.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.page.push_str(markup);
        self
    }

    /// Text, as it is to be read.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        for c in printer::plain(text.as_ref()).chars() {
            self.character(c);
        }
        self
    }

    /// A number.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.text(number.to_string())
    }

    /// An attribute with the space before it.
    pub(super) fn attribute(&mut self, name: &'static str, value: impl AsRef<str>) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"");
        for c in printer::plain(value.as_ref()).chars() {
            match c {
                // Readers of XML turn these into spaces where they aren't written as references.
                '\n' => self.page.push_str("&#10;"),
                '\t' => self.page.push_str("&#9;"),
                _ => self.character(c),
            }
        }
        self.raw("\"")
    }

    /// The whole.
    pub(super) fn finish(self) -> String {
        self.page
    }

    fn character(&mut self, c: char) {
        match c {
            '&' => self.page.push_str("&amp;"),
            '<' => self.page.push_str("&lt;"),
            '>' => self.page.push_str("&gt;"),
            '"' => self.page.push_str("&quot;"),
            '\'' => self.page.push_str("&#39;"),
            // XML 1.0 has no way to write them. Control characters are written out by `plain` before.
            '\u{fffe}' | '\u{ffff}' => self.page.push(char::REPLACEMENT_CHARACTER),
            _ => self.page.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_escaped() {
        let check = |text, in_text: &str, in_attribute: &str| {
            let mut markup = Markup::default();
            markup.text(text);
            assert_eq!(markup.finish(), in_text, "{text:?}");
            let mut markup = Markup::default();
            markup.attribute("a", text);
            assert_eq!(
                markup.finish(),
                format!(" a=\"{in_attribute}\""),
                "{text:?}"
            );
        };
        check("plain → text", "plain → text", "plain → text");
        check("</script>", "&lt;/script&gt;", "&lt;/script&gt;");
        check("a ]]> b", "a ]]&gt; b", "a ]]&gt; b");
        check("\"'&amp;", "&quot;&#39;&amp;amp;", "&quot;&#39;&amp;amp;");
        check("a\n\tb", "a\n\tb", "a&#10;&#9;b");
        check("\u{1b}[31mred\u{1b}[0m", "red", "red");
        check(
            "\u{1b}]0;x\u{7}\0",
            "\\u{1b}]0;x\\u{7}\\u{0}",
            "\\u{1b}]0;x\\u{7}\\u{0}",
        );
        check(
            "\u{202e}a\u{ffff}",
            "\\u{202e}a\u{fffd}",
            "\\u{202e}a\u{fffd}",
        );
    }
}
