//! Stand-in until the text forms are merged.
/// Mode.
#[must_use]
pub fn file_mode(mode: u32) -> String {
    let mut text = String::new();
    let kind = match mode & 0o170_000 {
        0o040_000 => "d",
        0o120_000 => "L",
        0o060_000 => "D",
        0o020_000 => "Dc",
        0o010_000 => "p",
        0o140_000 => "S",
        _ => "",
    };
    text.push_str(&kind.replace('c', ""));
    if mode & 0o4000 != 0 {
        text.push('u');
    }
    if mode & 0o2000 != 0 {
        text.push('g');
    }
    if kind.contains('c') {
        text.push('c');
    }
    if mode & 0o1000 != 0 {
        text.push('t');
    }
    if text.is_empty() {
        text.push('-');
    }
    for shift in (0..9).rev() {
        text.push(if mode >> shift & 1 == 1 { ['r', 'w', 'x'][(8 - shift) % 3] } else { '-' });
    }
    text
}
/// Time.
#[must_use]
pub fn modified(time: std::time::SystemTime) -> String {
    let Ok(time) = jiff::Timestamp::try_from(time) else { return String::new() };
    let text = time.to_string();
    let text = text.trim_end_matches('Z').replace('T', " ");
    format!("{text} +0000 UTC")
}
/// Duration.
#[must_use]
pub fn duration(time: std::time::Duration) -> String {
    format!("{}s", time.as_secs_f64())
}
