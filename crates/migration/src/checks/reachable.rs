//! Reachability: a login to both databases.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("reachable", Place::Both, "Do both servers accept a login?", |context| ask(context));

fn ask(context: &Context) -> Found<'_> {
    Box::pin(async move {
        let sides = [Place::Source, Place::Target].into_iter();
        let found = sides.filter_map(|place| {
            let why = context.connection(place).as_ref().err()?;
            let remedy = match context.location(place) {
                Some(_) => format!("psql \"{}\"", context.shown(place)),
                None => "name it: --source CONNSTR, or initial_provider_location in the ini file".to_owned(),
            };
            Some(Finding::new(Verdict::Blocker, place, "server", why, remedy))
        });
        Ok(found.collect())
    })
}
