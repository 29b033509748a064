//! A command line in one text, cut into arguments.
//!
//! The rule of the original, made whole: blanks separate, and an argument that begins with a quotation mark goes on to the same mark
//! before a blank or the end. Nothing is escaped, because regular expressions are full of backslashes.

/// The arguments in a text; quotation marks around them are gone.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => quoted(rest, first),
            _ => None,
        };
        let length = length.or_else(|| rest.find(char::is_whitespace)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        words.push(word.trim_matches(['"', '\'']).to_owned());
        rest = behind.trim_start();
    }
    words
}

/// The length of the quoted argument that a text begins with, marks included: to the first mark before a blank or the end; if there is
/// none, to the last one.
fn quoted(text: &str, mark: char) -> Option<usize> {
    let marks = text.match_indices(mark).map(|(at, mark)| at + mark.len()).skip(1);
    let mut last = None;
    for end in marks {
        last = Some(end);
        if text.get(end..).is_none_or(|rest| rest.chars().next().is_none_or(char::is_whitespace)) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::words;
    use proptest::prelude::*;

    #[test]
    fn blanks_separate_and_quotation_marks_hold_together() {
        for (text, expected) in [
            ("", &[][..]),
            ("  -path /etc\t-name  x\n", &["-path", "/etc", "-name", "x"]),
            (r"-name \.so$", &["-name", r"\.so$"]),
            ("-name '^a b$' -path /x", &["-name", "^a b$", "-path", "/x"]),
            (r#"-name "a b" -content 'c d'"#, &["-name", "a b", "-content", "c d"]),
            ("-name 'a b' -content 'c d'", &["-name", "a b", "-content", "c d"]),
            ("-content 'it's here' -path /x", &["-content", "it's here", "-path", "/x"]),
            ("-content 'x'y", &["-content", "x", "y"]),
            ("-content '", &["-content", ""]),
            ("'' a'b c'", &["", "a'b", "c"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn plain_words_come_back(words in prop::collection::vec("[^\\s'\"]{1,8}", 0..6)) {
            prop_assert_eq!(super::words(&words.join(" ")), words);
        }

        #[test]
        fn any_text_is_cut(text in "['\" a\u{e9}]{0,16}") {
            _ = words(&text);
        }
    }
}
