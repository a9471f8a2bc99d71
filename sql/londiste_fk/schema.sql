create schema if not exists londiste_fk;

comment on schema londiste_fk is
    'foreign keys remembered by collect_fks.sql, for drop_fks.sql, restore_fks.sql and validate_fks.sql';

-- Tables and constraints are kept by name, not by oid: the definitions must outlive a table that is loaded anew.
create table if not exists londiste_fk.foreign_key (
    id bigint generated always as identity primary key,
    schema_name name not null,
    table_name name not null,
    fkey_name name not null,
    target_schema name not null,
    target_table name not null,
    definition text not null,
    partitioned boolean not null,
    enforced boolean not null,
    was_valid boolean not null,
    comment text,
    state text not null check (state in ('collected', 'dropped', 'restored', 'validated')),
    collected_at timestamptz,
    dropped_at timestamptz,
    restored_at timestamptz,
    validated_at timestamptz,
    took interval,
    error text,
    unique (schema_name, table_name, fkey_name)
);

comment on column londiste_fk.foreign_key.definition is
    'as in alter table ... add constraint ... <definition>, with its own deferrability, without NOT VALID';
comment on column londiste_fk.foreign_key.was_valid is
    'false: it was NOT VALID (or NOT ENFORCED) when it was collected and stays so';
comment on column londiste_fk.foreign_key.took is 'duration of what the last script did with it';
comment on column londiste_fk.foreign_key.error is 'why the last script failed with it, null if it did not';

create table if not exists londiste_fk.partition_fkey (
    fkey bigint not null references londiste_fk.foreign_key on delete cascade,
    schema_name name not null,
    table_name name not null,
    fkey_name name not null,
    comment text,
    interim boolean not null default false,
    primary key (fkey, schema_name, table_name)
);

comment on table londiste_fk.partition_fkey is
    'what the partitions of a partitioned table call their part of its foreign key';
comment on column londiste_fk.partition_fkey.interim is
    'true: the partition has its part already, the partitioned table not yet (before PostgreSQL 18)';
