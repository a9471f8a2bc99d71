//! Comparison of two schemas, kind by kind.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::future::{BoxFuture, join};
use pg::Session;
use pgq::own_form::OwnForm;

use super::difference::{Comparison, Difference, How, Unread};
use super::kind::{Both, Kind, Object};
use super::options::Options;
use super::own_form::Away;
use super::scope::Scope;
use super::sides::Sides;
use super::{kinds, own_form, spelling};
use crate::Place;
use crate::error::{Error, Result};

/// Compares the schemas of two databases. Nothing is locked but for readers' instants, and nothing is changed.
///
/// A copy drops and builds the indexes of a small table in no time: between a look at the objects and a look at what
/// replication has changed. So a difference counts where a second comparison finds it as well.
pub(crate) fn compare<'a>(
    source: &'a Session,
    target: &'a Session,
    options: &'a Options,
    scope: &'a Scope,
) -> BoxFuture<'a, Result<Comparison>> {
    // boxed: several commands and the worker wait for it
    Box::pin(twice(source, target, options, scope))
}

async fn twice(source: &Session, target: &Session, options: &Options, scope: &Scope) -> Result<Comparison> {
    let first = once(source, target, options, scope).await?;
    if first.differences.is_empty() || !(is_installed(source).await? || is_installed(target).await?) {
        return Ok(first);
    }
    let mut second = once(source, target, options, scope).await?;
    let known: HashSet<_> =
        first.differences.iter().map(|found| (found.kind, &found.name, found.how)).collect();
    second.differences.retain(|found| known.contains(&(found.kind, &found.name, found.how)));
    Ok(second)
}

async fn once(source: &Session, target: &Session, options: &Options, scope: &Scope) -> Result<Comparison> {
    let sides = Sides::new(source, target, options, scope).await?;
    let recorded = [recorded(source, Place::Source).await?, recorded(target, Place::Target).await?];
    let mut found = Found {
        sides,
        recorded,
        comparison: Comparison::default(),
        parents: HashMap::new(),
        recreated: HashMap::new(),
    };
    for kind in scope.kinds {
        found.kind(kind).await;
    }
    Ok(found.without_locked())
}

/// Whether anything of ours is there, which may change objects.
async fn is_installed(side: &Session) -> Result<bool> {
    let sql = "select from ours where to_regnamespace(quote_ident(schema)) is not null";
    Ok(!crate::catalog::rows(side, sql).await?.is_empty())
}

/// What replication has changed on a side, which other versions remember otherwise.
pub(super) async fn recorded(side: &Session, place: Place) -> Result<OwnForm> {
    let known = pgq::install::require_version_if_any(side).await;
    known.map_err(|error| Error::Structure(format!("on the {place}, {error}")))?;
    Ok(pgq::own_form::read(&**side).await.map_err(pg::Error::from)?)
}

struct Found<'a> {
    sides: Sides<'a>,
    recorded: [OwnForm; 2],
    comparison: Comparison,
    /// Objects that one side alone has, with the place of their difference.
    parents: HashMap<String, (How, usize)>,
    /// Objects whose statement drops them and creates them anew, with its place.
    recreated: HashMap<String, usize>,
}

impl Found<'_> {
    async fn kind(&mut self, kind: &'static Kind) {
        if own_form::is_changed(kind) {
            self.record_again(kind).await;
        }
        let both = join(self.sides.objects(kind, Place::Source), self.sides.objects(kind, Place::Target));
        let (source, target) = both.await;
        let (mut source, mut target) = match (source, target) {
            (Ok(source), Ok(target)) => (source, target),
            (source, target) => {
                for (place, read) in [(Place::Source, source), (Place::Target, target)] {
                    let Err(error) = read else { continue };
                    let why = error.to_string();
                    self.comparison.unread.push(Unread { object: kind.word.to_owned(), place, why });
                }
                return;
            }
        };
        if own_form::is_changed(kind) {
            self.record_again(kind).await;
        }
        own_form::restore(kind, &mut source, &self.recorded[0]);
        own_form::restore(kind, &mut target, &self.recorded[1]);
        let away = Away::new(&self.recorded[1]);
        if std::ptr::eq(kind, &kinds::columns::COLUMN) {
            leave_inherited_out(&mut source, &mut target);
        }
        let mut names = HashSet::new();
        // Two schemas of the source may be one on the target.
        source.retain(|object| names.insert(object.name.clone()));
        self.comparison.compared += source.len();
        let mut there: BTreeMap<String, Object> =
            target.into_iter().map(|object| (object.name.clone(), object)).collect();
        self.bring_back(kind, &source);
        for object in &source {
            match there.remove(&object.name) {
                Some(own) => self.both(kind, object, &own).await,
                None if !kind.only_both && !is_away(&away, kind, object) => {
                    self.one_side(kind, object, How::Missing);
                }
                None => {}
            }
        }
        for object in there.values().filter(|_| !kind.only_both) {
            self.one_side(kind, object, How::Extra);
        }
    }

    /// What belongs to an object that is dropped and created anew is created anew as well.
    fn bring_back(&mut self, kind: &'static Kind, source: &[Object]) {
        for object in source.iter().filter(|object| !is_default_grant(kind, object)) {
            if let Some(at) = self.recreated.get(&object.parent) {
                let statement = &mut self.comparison.differences[*at].statement;
                *statement = format!("{statement};\n{}", object.create);
            }
        }
    }

    /// Tables that were locked are not compared.
    fn without_locked(mut self) -> Comparison {
        for place in [Place::Source, Place::Target] {
            for name in self.sides.locked(place) {
                self.comparison.differences.retain(|found| found.table != name && found.name != name);
                let why = "is locked: give the command again".to_owned();
                let already =
                    self.comparison.unread.iter().any(|unread| unread.object == format!("table {name}"));
                if !already {
                    self.comparison.unread.push(Unread { object: format!("table {name}"), place, why });
                }
            }
        }
        self.comparison
    }

    /// Replication goes on meanwhile: what it has changed before or after the objects were read is in their own form.
    async fn record_again(&mut self, kind: &'static Kind) {
        for (place, sides) in [(Place::Source, self.sides.source), (Place::Target, self.sides.target)] {
            match recorded(sides, place).await {
                Ok(now) => self.recorded[usize::from(place == Place::Target)].extend(now),
                Err(error) => {
                    let why = error.to_string();
                    self.comparison.unread.push(Unread { object: kind.word.to_owned(), place, why });
                }
            }
        }
    }

    /// What belongs to an object that is missing comes with it.
    fn one_side(&mut self, kind: &'static Kind, object: &Object, how: How) {
        let tables_unread = self.comparison.unread.iter().any(|unread| unread.object == kinds::TABLE.word);
        if tables_unread && !object.parent.is_empty() {
            return;
        }
        if let Some((parents_how, at)) =
            self.parents.get(&object.parent).filter(|_| !object.parent.is_empty())
        {
            // What belongs to something that goes, goes with it; columns and what everybody may do come by themselves.
            if *parents_how == How::Extra || kind.inline || is_default_grant(kind, object) {
                return;
            }
            if !kind.apart {
                let statement = &mut self.comparison.differences[*at].statement;
                *statement = format!("{statement};\n{}", object.create);
                return;
            }
        }
        let (weight, statement) = match how {
            How::Missing => ((kind.missing)(object), object.create.clone()),
            _ => ((kind.extra)(object), object.drop.clone()),
        };
        if object.parent.is_empty() {
            self.parents.insert(object.name.clone(), (how, self.comparison.differences.len()));
        }
        let loses_rows = kind.holds_rows && how == How::Extra;
        let nothing = String::new;
        self.tell(
            kind,
            object,
            Difference { loses_rows, ..told(weight, how, [nothing(), nothing()], statement) },
        );
    }

    async fn both(&mut self, kind: &'static Kind, source: &Object, target: &Object) {
        for (at, property) in kind.properties.iter().enumerate() {
            let both = Both { source, target, at };
            let (one, other) = both.values();
            if (property.same)(one, other) {
                continue;
            }
            let spelled = self.sides.versions_differ() && !one.is_empty() && !other.is_empty();
            if spelled
                && spelling::same(self.sides.target, property.spelling, &target.parent, one, other).await
            {
                continue;
            }
            let statement = property.mend.map_or_else(|| source.statement(at).to_owned(), |mend| mend(&both));
            if target.parent.is_empty()
                && !target.drop.is_empty()
                && statement.starts_with(&format!("{};", target.drop))
            {
                self.recreated.insert(source.name.clone(), self.comparison.differences.len());
            }
            let (weight, how) = ((property.weight)(one, other), How::Property(property.name));
            self.tell(kind, source, told(weight, how, [one.to_owned(), other.to_owned()], statement));
        }
    }

    fn tell(&mut self, kind: &'static Kind, object: &Object, difference: Difference) {
        let table = match std::ptr::eq(kind, &kinds::TABLE) {
            true => object.name.clone(),
            false => object.parent.clone(),
        };
        let name = object.name.clone();
        self.comparison.differences.push(Difference { kind: kind.word, name, table, ..difference });
    }
}

/// What everybody may do with an object as soon as it is there.
fn is_default_grant(kind: &Kind, object: &Object) -> bool {
    std::ptr::eq(kind, &kinds::grants::GRANT) && object.rest(0) == "t"
}

/// Replication has dropped it and brings it back, or it is the comment of such a one.
fn is_away(away: &Away, kind: &Kind, object: &Object) -> bool {
    match std::ptr::eq(kind, &kinds::COMMENT) {
        false => away.has(&object.parent, object.rest(0)),
        true => away.has_comment(&object.name),
    }
}

/// A column that one side only inherits is compared where it comes from.
fn leave_inherited_out(source: &mut Vec<Object>, target: &mut Vec<Object>) {
    let inherited = source.iter().chain(&*target).filter(|column| kinds::columns::is_inherited(column));
    let names: HashSet<String> = inherited.map(|column| column.name.clone()).collect();
    for columns in [source, target] {
        columns.retain(|column| !names.contains(&column.name));
    }
}

fn told(weight: super::kind::Weight, how: How, values: [String; 2], statement: String) -> Difference {
    let [source, target] = values;
    Difference {
        weight,
        kind: "",
        name: String::new(),
        table: String::new(),
        how,
        source,
        target,
        statement,
        loses_rows: false,
    }
}
