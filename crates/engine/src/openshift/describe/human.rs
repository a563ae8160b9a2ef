//! Ages and sizes as OpenShift writes them.

use chrono::TimeDelta;

/// An age, without `ago`. Weeks, months and years are 7, 30 and 365 days.
pub(super) fn age(age: TimeDelta) -> String {
    let (seconds, minutes) = (age.num_seconds(), age.num_minutes());
    // Hours are rounded to the nearest.
    let hours = (age.num_minutes() + 30) / 60;
    match () {
        () if seconds < 1 => "Less than a second".to_owned(),
        () if seconds == 1 => "1 second".to_owned(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_owned(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".to_owned(),
        () if hours < 48 => format!("{hours} hours"),
        () if hours < 24 * 14 => format!("{} days", hours / 24),
        () if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        () if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        () => format!("{} years", age.num_hours() / 24 / 365),
    }
}

/// Bytes in decimal units with four digits that count: `8.409kB`, `12B`.
pub(super) fn size(bytes: i64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    #[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
    let mut value = bytes.max(0) as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = match value {
        ..10.0 => 3,
        10.0..100.0 => 2,
        _ => 1,
    };
    let number = format!("{value:.decimals$}");
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number}{}", UNITS[unit])
}
