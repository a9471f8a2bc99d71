-- What is replicated: tables with their states, sequences with their values, scripts that ran, foreign keys put aside.
do $$
begin
    if to_regnamespace('londiste') is null then
        create schema londiste;
    end if;
    grant usage on schema londiste to public;

    if to_regclass('londiste.table_info') is null then
        create table londiste.table_info (
            nr              serial not null,
            queue_name      text not null references pgq_node.node_info on delete cascade,
            table_name      text not null,
            local           boolean not null default false,
            merge_state     text,
            custom_snapshot text,
            dropped_ddl     text,
            table_attrs     text,
            dest_table      text,
            primary key (queue_name, table_name),
            check (dropped_ddl is null or merge_state in ('in-copy', 'catching-up'))
        );
    end if;

    if to_regclass('londiste.seq_info') is null then
        create table londiste.seq_info (
            nr         serial not null,
            queue_name text not null references pgq_node.node_info on delete cascade,
            seq_name   text not null,
            local      boolean not null default false,
            last_value bigint not null,
            primary key (queue_name, seq_name)
        );
    end if;

    if to_regclass('londiste.applied_execute') is null then
        create table londiste.applied_execute (
            queue_name    text not null,
            execute_file  text not null,
            execute_time  timestamptz not null default now(),
            execute_sql   text not null,
            execute_attrs text,
            primary key (execute_file)
        );
    end if;

    if to_regclass('londiste.pending_fkeys') is null then
        create table londiste.pending_fkeys (
            from_table text not null,
            to_table   text not null,
            fkey_name  text not null,
            fkey_def   text not null,
            primary key (from_table, fkey_name)
        );
    end if;
end $$;
