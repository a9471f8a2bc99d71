//! Narrowing of a comparison of schemas to what a queue replicates.

use std::collections::{BTreeMap, HashMap};

use pgq::drift::{Relation, Scope as Side};

use crate::schema::OF_ROWS;
use crate::schema::scope::Scope;

/// What is compared, and which tables of the queue an object belongs to.
pub(super) struct Narrow {
    pub(super) scope: Scope,
    /// Places of tables by the names of their relations on the target and of their partitions, quoted.
    tables: HashMap<String, usize>,
    /// Places of the tables that use a type, by its quoted name.
    types: BTreeMap<String, Vec<usize>>,
    /// Places of sequences by their quoted names.
    seqs: HashMap<String, usize>,
    /// Tables that have another name on the target.
    renamed: Vec<usize>,
    /// Tables of the target that have a default partition, with their names quoted.
    with_default: HashMap<usize, String>,
}

impl Narrow {
    /// `sides`: source and target. `tables`: names there and here.
    pub(super) fn of(sides: &[Side; 2], tables: &[(String, String)]) -> Narrow {
        let mut narrow = Narrow {
            scope: Scope { kinds: OF_ROWS, relations: None, renames: BTreeMap::new() },
            tables: HashMap::new(),
            types: BTreeMap::new(),
            seqs: HashMap::new(),
            renamed: Vec::new(),
            with_default: HashMap::new(),
        };
        let mut relations = [Vec::new(), Vec::new()];
        for (place, (there, here)) in tables.iter().enumerate() {
            let [source, target] = sides.each_ref().map(|side| side.tables.iter().find(|r| r.place == place));
            narrow.table(place, there != here, [source, target], &mut relations);
        }
        for (side, relations) in sides.iter().zip(&mut relations) {
            for (place, oid, quoted) in &side.seqs {
                relations.push(*oid);
                narrow.seqs.insert(quoted.clone(), *place);
            }
        }
        narrow.scope.relations = Some(relations);
        narrow
    }

    /// A table that the source has no more is told by the worker. Partitions are compared where both sides have the
    /// same ones by design: rows find their place in any others too.
    fn table(
        &mut self,
        place: usize,
        has_other_name: bool,
        [source, target]: [Option<&Relation>; 2],
        relations: &mut [Vec<u32>; 2],
    ) {
        let Some(source) = source else { return };
        if has_other_name {
            let Some(target) = target else { return };
            self.scope.renames.insert(source.quoted.clone(), target.quoted.clone());
            self.renamed.push(place);
        }
        if let Some(target) = target.filter(|target| target.has_default) {
            self.with_default.insert(place, target.quoted.clone());
        }
        let alike = target.is_some_and(|target| target.partitioned_by == source.partitioned_by);
        let all = alike && !has_other_name;
        for (relation, relations) in [Some(source), target].into_iter().zip(relations) {
            let Some(relation) = relation else { continue };
            for (oid, name) in &relation.members {
                if all || *name == relation.quoted {
                    relations.push(*oid);
                    self.tables.insert(name.clone(), place);
                }
            }
            for name in &relation.types {
                let users = self.types.entry(name.clone()).or_default();
                if !users.contains(&place) {
                    users.push(place);
                }
            }
        }
    }

    /// The place of the table that a relation is or belongs to.
    pub(super) fn table_of(&self, relation: &str) -> Option<usize> {
        self.tables.get(relation).copied()
    }

    /// The places of the tables that use a type.
    pub(super) fn users_of(&self, name: &str) -> Option<&[usize]> {
        self.types.get(name).map(Vec::as_slice)
    }

    /// The place of a sequence.
    pub(super) fn seq(&self, name: &str) -> Option<usize> {
        self.seqs.get(name).copied()
    }

    /// Rows of a partition that the target lacks have a place in the default partition of its table.
    pub(super) fn has_default_for(&self, partition: &str) -> bool {
        let table = self.table_of(partition).and_then(|place| self.with_default.get(&place));
        table.is_some_and(|table| table != partition)
    }

    /// The table has another name on the target.
    pub(super) fn is_renamed(&self, place: usize) -> bool {
        self.renamed.contains(&place)
    }
}
