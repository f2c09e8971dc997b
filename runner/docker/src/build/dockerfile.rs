//! Where a Dockerfile's instructions stand. Nothing is checked: the engine's own parser does that.

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Its first line, from 1.
    pub(super) line: u32,
    /// Its text on one line, with single blanks.
    pub(super) text: String,
}

/// Instructions in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Dockerfile {
    instructions: Vec<Instruction>,
}

impl Dockerfile {
    /// Reads a Dockerfile's text: comments, the `escape` directive, continued lines and here-documents.
    pub(super) fn parse(text: &str) -> Self {
        let mut instructions = Vec::new();
        let mut escape = '\\';
        let mut directives = true;
        let mut lines = (1u32..).zip(text.lines()).peekable();
        while let Some((number, line)) = lines.next() {
            let trimmed = line.trim();
            if directives {
                match directive(trimmed) {
                    Some((name, value)) => {
                        if name.eq_ignore_ascii_case("escape") && value == "`" {
                            escape = '`';
                        }
                        continue;
                    }
                    None => directives = false,
                }
            }
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let mut whole = String::new();
            let mut part = trimmed;
            loop {
                match part.strip_suffix(escape) {
                    Some(part) => whole.push_str(part),
                    None => {
                        whole.push_str(part);
                        break;
                    }
                }
                whole.push(' ');
                // Comments and blank lines may stand between the parts.
                part = loop {
                    match lines.next() {
                        None => break "",
                        Some((_, next)) => {
                            let next = next.trim();
                            if !next.is_empty() && !next.starts_with('#') {
                                break next;
                            }
                        }
                    }
                };
            }
            for end in here_documents(&whole) {
                for (_, line) in lines.by_ref() {
                    if line.trim_start_matches('\t') == end {
                        break;
                    }
                }
            }
            instructions.push(Instruction {
                line: number,
                text: single_blanks(&whole),
            });
        }
        Self { instructions }
    }

    /// The line of the instruction with this number, from 0.
    pub(super) fn line_of(&self, index: usize) -> Option<u32> {
        Some(self.instructions.get(index)?.line)
    }

    /// The line of a step by its name in BuildKit's words: `[build 2/3] RUN make`. The instruction's text decides;
    /// where variables were filled in, or several are equal, the number in the brackets does, which counts those
    /// instructions of a stage that make layers.
    pub(super) fn line_of_step(&self, name: &str) -> Option<u32> {
        let (stage, number, text) = step(name)?;
        let text = single_blanks(text);
        let same: Vec<&Instruction> = self
            .instructions
            .iter()
            .filter(|instruction| instruction.text.eq_ignore_ascii_case(&text))
            .collect();
        if let [only] = same.as_slice() {
            return Some(only.line);
        }
        let verb = text.split(' ').next().unwrap_or_default();
        self.layers(stage)
            .into_iter()
            .nth(number.checked_sub(1)?)
            .filter(|instruction| instruction.verb().eq_ignore_ascii_case(verb))
            .map(|instruction| instruction.line)
    }

    /// The instructions of a stage, by its name or number, that BuildKit counts; without either, of the last stage.
    fn layers(&self, stage: Option<&str>) -> Vec<&Instruction> {
        let mut stages: Vec<(Option<&str>, Vec<&Instruction>)> = Vec::new();
        for instruction in &self.instructions {
            if instruction.is("FROM") {
                let mut words = instruction.text.split(' ').skip(1);
                let name = words
                    .find(|word| word.eq_ignore_ascii_case("as"))
                    .and_then(|_| words.next());
                stages.push((name, vec![instruction]));
            } else if ["RUN", "COPY", "ADD", "WORKDIR"]
                .iter()
                .any(|verb| instruction.is(verb))
                && let Some((_, layers)) = stages.last_mut()
            {
                layers.push(instruction);
            }
        }
        let found = match stage {
            None => stages.pop(),
            Some(stage) => {
                let by_name = stages.iter().position(|(name, _)| {
                    name.is_some_and(|name| name.eq_ignore_ascii_case(stage))
                });
                let by_number = stage
                    .strip_prefix("stage-")
                    .and_then(|number| number.parse().ok());
                by_name
                    .or(by_number)
                    .filter(|index| *index < stages.len())
                    .map(|index| stages.swap_remove(index))
            }
        };
        found.map(|(_, layers)| layers).unwrap_or_default()
    }
}

impl Instruction {
    fn verb(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    fn is(&self, verb: &str) -> bool {
        self.verb().eq_ignore_ascii_case(verb)
    }
}

/// `# name=value`, which only counts before everything else.
fn directive(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let name = name.trim();
    name.chars()
        .all(|char| char.is_ascii_alphanumeric())
        .then_some((name, value.trim()))
}

/// The words that end an instruction's here-documents.
fn here_documents(instruction: &str) -> Vec<String> {
    let verb = instruction.split(' ').next().unwrap_or_default();
    if !["RUN", "COPY", "ADD"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(verb))
    {
        return Vec::new();
    }
    instruction
        .split_whitespace()
        .filter_map(|word| {
            let word = word.trim_start_matches(|char: char| char.is_ascii_digit());
            let word = word.strip_prefix("<<")?;
            let word = word.strip_prefix('-').unwrap_or(word);
            let word = word.trim_matches(['"', '\'']);
            (!word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_'))
                .then(|| word.to_owned())
        })
        .collect()
}

fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `[stage 2/3] text` or `[2/3] text` in its parts.
fn step(name: &str) -> Option<(Option<&str>, usize, &str)> {
    let (bracket, text) = name.strip_prefix('[')?.split_once("] ")?;
    let (stage, count) = match bracket.rsplit_once(' ') {
        Some((stage, count)) => (stage.rsplit(' ').next(), count),
        None => (None, bracket),
    };
    let number = count.split('/').next()?.trim().parse().ok()?;
    Some((stage, number, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# syntax=docker/dockerfile:1\n# escape=\\\n\n# comment\nARG V=1\nFROM bb AS build\nRUN echo a \\\n  # between\n\n  && echo b\nRUN same\nCOPY --from=x $V /y\nFROM bb\nRUN <<EOF cat\nFROM no\nEOF\nRUN same\nworkdir /x\nRUN last";

    #[test]
    fn instructions_stand_where_they_begin() {
        let found: Vec<(u32, String)> = Dockerfile::parse(TEXT)
            .instructions
            .into_iter()
            .map(|instruction| (instruction.line, instruction.text))
            .collect();
        let expected = [
            (5, "ARG V=1"),
            (6, "FROM bb AS build"),
            (7, "RUN echo a && echo b"),
            (11, "RUN same"),
            (12, "COPY --from=x $V /y"),
            (13, "FROM bb"),
            (14, "RUN <<EOF cat"),
            (17, "RUN same"),
            (18, "workdir /x"),
            (19, "RUN last"),
        ];
        assert_eq!(
            found,
            expected
                .map(|(line, text)| (line, text.to_owned()))
                .to_vec()
        );
    }

    #[test]
    fn steps_are_found_by_text_then_by_number() {
        let file = Dockerfile::parse(TEXT);
        for (name, line) in [
            ("[build 2/4] RUN echo a   && echo b", Some(7)),
            ("[build 3/4] RUN same", Some(11)),
            ("[stage-1 3/5] RUN same", Some(17)),
            ("[build 4/4] COPY --from=x 1 /y", Some(12)),
            ("[linux/amd64 build 4/4] COPY --from=x 1 /y", Some(12)),
            ("[stage-1 4/5] WORKDIR /x", Some(18)),
            ("[5/5] RUN last", Some(19)),
            ("[5/5] RUN other", Some(19)),
            ("[4/5] RUN other", None),
            ("[internal] load build context", None),
            ("exporting to image", None),
            ("[9/5] RUN x", None),
            ("[0/5] RUN x", None),
        ] {
            assert_eq!(file.line_of_step(name), line, "{name}");
        }
    }

    #[test]
    fn other_escapes_and_odd_ends_are_read() {
        let file = Dockerfile::parse("#escape=`\nFROM a`\n b\nRUN c\\\nRUN d`");
        let texts: Vec<&str> = file.instructions.iter().map(|i| i.text.as_str()).collect();
        assert_eq!(texts, ["FROM a b", "RUN c\\", "RUN d"]);
        assert_eq!(file.line_of(1), Some(4));
        assert!(Dockerfile::parse("").instructions.is_empty());
        assert!(
            Dockerfile::parse("RUN <<EOF\nnever ends")
                .instructions
                .len()
                == 1
        );
    }
}
