//! Step `install`: the schemas of the replication, on both sides.

use anyhow::Result;
use migration::steps::{Ending, Standing};
use parts::fail_point;

use crate::londiste::command::migrate::course::Course;
use crate::londiste::support::install;

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let mut missing = Vec::new();
    for (name, side) in [("source", course.source_side().await?), ("target", course.target_side().await?)] {
        if !side.is_installed {
            missing.push(name);
        }
    }
    Ok(match missing.as_slice() {
        [] => Standing::Done("the schemas of this version are on both sides".to_owned()),
        missing => Standing::Open(format!(
            "schemas pgq, pgq_node, londiste and londiste_rs of this version on the {}",
            missing.join(" and the ")
        )),
    })
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let sides = [course.source_side().await?, course.target_side().await?];
    for (job, side) in [&course.source, &course.target].into_iter().zip(sides) {
        if !side.is_installed {
            install::schemas(job, &mut job.connect().await?).await?;
            fail_point::reached("schemas-installed");
        }
    }
    Ok(Ending::Done("schemas installed".to_owned()))
}
