//! Clocks of both servers and of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check = Check::code(
    "clock",
    Place::Both,
    "Do the clocks of both servers and of this machine agree?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

/// Seconds that nobody is misled by.
const TOLERATED: f64 = 2.0;

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for place in [Place::Source, Place::Target] {
        let before = now();
        let rows =
            catalog::rows(context.session(place)?, "select extract(epoch from clock_timestamp())").await?;
        let after = now();
        let there = rows.into_iter().flatten().next().and_then(|text| text.parse::<f64>().ok());
        findings.extend(there.and_then(|there| judge(place, there, before, after)));
    }
    Ok(findings)
}

/// The server's clock was read between two looks at this machine's.
fn judge(place: Place, there: f64, before: f64, after: f64) -> Option<Finding> {
    let off = (there - after).max(before - there);
    (off > TOLERATED).then(|| {
        let way = if there < before { "behind" } else { "before" };
        Finding::new(
            Verdict::Warning,
            place,
            "clock",
            format!("is {off:.1} s {way} this machine's: lags and times of ticks are told wrong by as much"),
            "timedatectl set-ntp true -- on the machine whose clock is wrong",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        assert_eq!(judge(Place::Source, 105.0, 100.0, 110.0), None);
        assert!(judge(Place::Source, 90.0, 100.0, 101.0).unwrap().found.starts_with("is 10.0 s behind"));
        assert!(judge(Place::Source, 111.0, 100.0, 101.0).unwrap().found.starts_with("is 10.0 s before"));
    }
}
