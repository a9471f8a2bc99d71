//! Comparison of two schemas, kind by kind.

use std::collections::{BTreeMap, HashMap};

use pg::Session;
use pgq::own_form::OwnForm;

use super::difference::{Comparison, Difference, How, Unread};
use super::kind::{Both, Kind, Object};
use super::options::Options;
use super::sides::Sides;
use super::{kinds, own_form, spelling};
use crate::Place;
use crate::error::Result;

/// Compares the schemas of two databases. Nothing is locked but for readers' instants, and nothing is changed.
pub(crate) async fn compare(source: &Session, target: &Session, options: &Options) -> Result<Comparison> {
    let sides = Sides::new(source, target, options).await?;
    let recorded = [recorded(source).await?, recorded(target).await?];
    let away = own_form::Away::new(&recorded[1]);
    let mut found = Found { sides, away, comparison: Comparison::default(), parents: HashMap::new() };
    for kind in kinds::ALL {
        found.kind(kind, &recorded).await;
    }
    Ok(found.comparison)
}

pub(super) async fn recorded(side: &Session) -> Result<OwnForm> {
    Ok(pgq::own_form::read(&**side).await.map_err(pg::Error::from)?)
}

struct Found<'a> {
    sides: Sides<'a>,
    away: own_form::Away,
    comparison: Comparison,
    /// Objects that one side alone has, with the place of their difference.
    parents: HashMap<String, (How, usize)>,
}

impl Found<'_> {
    async fn kind(&mut self, kind: &'static Kind, recorded: &[OwnForm; 2]) {
        let source = self.sides.objects(kind, Place::Source).await;
        let target = self.sides.objects(kind, Place::Target).await;
        let (mut source, mut target) = match (source, target) {
            (Ok(source), Ok(target)) => (source, target),
            (source, target) => {
                for (place, read) in [(Place::Source, source), (Place::Target, target)] {
                    let Err(error) = read else { continue };
                    let why = error.to_string();
                    self.comparison.unread.push(Unread { kind: kind.word, place, why });
                }
                return;
            }
        };
        own_form::restore(kind, &mut source, &recorded[0]);
        own_form::restore(kind, &mut target, &recorded[1]);
        self.comparison.compared += source.len();
        let mut there: BTreeMap<String, Object> =
            target.into_iter().map(|object| (object.name.clone(), object)).collect();
        for object in &source {
            match there.remove(&object.name) {
                Some(own) => self.both(kind, object, &own).await,
                None if !kind.only_both && !self.is_away(kind, object) => {
                    self.one_side(kind, object, How::Missing);
                }
                None => {}
            }
        }
        for object in there.values().filter(|_| !kind.only_both) {
            self.one_side(kind, object, How::Extra);
        }
    }

    /// Replication has dropped it and brings it back, or it is the comment of such a one.
    fn is_away(&self, kind: &Kind, object: &Object) -> bool {
        match std::ptr::eq(kind, &kinds::COMMENT) {
            false => self.away.has(&object.parent, object.rest(0)),
            true => self.away.has_comment(&object.name),
        }
    }

    /// What belongs to an object that is missing comes with it.
    fn one_side(&mut self, kind: &'static Kind, object: &Object, how: How) {
        if let Some((parents_how, at)) =
            self.parents.get(&object.parent).filter(|_| !object.parent.is_empty())
        {
            // A policy, a comment, a grant of what is gone; a column of what is created with it; what everybody may do anyway.
            let anyway = std::ptr::eq(kind, &kinds::grants::GRANT) && object.rest(0) == "t";
            if *parents_how == How::Extra || kind.inline || anyway {
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
