//! Asking a check.

use crate::check::{Ask, Check};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

/// The findings of a check; none: it is in order.
pub(crate) async fn ask(check: &Check, context: &Context) -> Result<Vec<Finding>> {
    let sql = match check.ask {
        Ask::Code(code) => return code(context).await,
        Ask::Sql(sql) => sql,
    };
    let places: &[Place] = match check.place {
        Place::Both => &[Place::Source, Place::Target],
        _ => std::slice::from_ref(&check.place),
    };
    let mut findings = Vec::new();
    let mut failed = None;
    for place in places {
        match of_side(sql, *place, context).await {
            Ok(found) => findings.extend(found),
            Err(error) => failed = Some((*place, error)),
        }
    }
    match failed {
        None => Ok(findings),
        Some((_, error)) if findings.is_empty() => Err(error),
        Some((place, error)) => {
            findings.push(Finding::unchecked(place, check.name, &error));
            Ok(findings)
        }
    }
}

async fn of_side(sql: &str, place: Place, context: &Context) -> Result<Vec<Finding>> {
    let rows = catalog::rows(context.session(place)?, sql).await?;
    let field = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
    let found = rows.iter().map(|row| {
        Finding::new(Verdict::read(&field(row, 0)), place, field(row, 1), field(row, 2), field(row, 3))
    });
    Ok(found.collect())
}
