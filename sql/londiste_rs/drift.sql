-- Drift: what differs between the definitions of replicated tables on both sides, and what of the root nobody
-- replicates. On the leaf, whose worker compares both sides again and again.

set client_min_messages = warning;

create table if not exists londiste_rs.drift (
    queue_name text not null,
    -- definition: of a replicated table or sequence, or of a type that tables use; unreplicated: a table or sequence of
    -- the root that nobody replicates
    subject    text not null check (subject in ('definition', 'unreplicated')),
    -- as the queue names it, or would
    table_name text not null,
    what       text not null,
    -- what mends it: SQL for the leaf, or commands for what is not replicated
    statement  text not null,
    -- rows of the source are refused, or find no place
    stops      boolean not null,
    since      timestamptz not null default now()
);
create index if not exists drift_queue on londiste_rs.drift (queue_name);

reset client_min_messages;

-- Keeps what was found of a subject, in the place of what was found before: what is found again keeps its time. The
-- arrays hold a finding at each place. Answers what is new and what has gone.
create or replace function londiste_rs.keep_drift(
    i_queue_name text, i_subject text, i_tables text[], i_whats text[], i_statements text[], i_stops boolean[],
    out table_name text, out what text, out statement text, out stops boolean, out is_new boolean)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    delete from londiste_rs.drift d
     where d.queue_name = i_queue_name and d.subject = i_subject
       and not exists (select from unnest(i_tables, i_whats) f (name, what)
                        where f.name = d.table_name and f.what = d.what)
    returning d.table_name, d.what, d.statement, d.stops, false;
    update londiste_rs.drift d set statement = f.statement, stops = f.stops
      from unnest(i_tables, i_whats, i_statements, i_stops) f (name, what, statement, stops)
     where d.queue_name = i_queue_name and d.subject = i_subject and f.name = d.table_name and f.what = d.what
       and (d.statement, d.stops) is distinct from (f.statement, f.stops);
    return query
    insert into londiste_rs.drift as d (queue_name, subject, table_name, what, statement, stops)
    select i_queue_name, i_subject, f.name, f.what, f.statement, f.stops
      from unnest(i_tables, i_whats, i_statements, i_stops) f (name, what, statement, stops)
     where not exists (select from londiste_rs.drift k
                        where k.queue_name = i_queue_name and k.subject = i_subject and k.table_name = f.name
                          and k.what = f.what)
    returning d.table_name, d.what, d.statement, d.stops, true;
end $$;

-- What is kept of a queue on a node below the root: not of tables that have left replication since.
create or replace function londiste_rs.drift_list(i_queue_name text, out subject text, out table_name text,
    out what text, out statement text, out stops boolean, out since timestamptz)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select d.subject, d.table_name, d.what, d.statement, d.stops, d.since
      from londiste_rs.drift d
      join pgq_node.node_info n on n.queue_name = d.queue_name and n.node_type <> 'root'
     where d.queue_name = i_queue_name
       and (d.subject = 'unreplicated'
            or exists (select from londiste.table_info t
                        where t.queue_name = d.queue_name and t.table_name = d.table_name and t.local)
            or exists (select from londiste.seq_info s
                        where s.queue_name = d.queue_name and s.seq_name = d.table_name and s.local))
     order by d.subject, not d.stops, d.table_name, d.what
$$;

-- The same for people. Of what nobody replicates, the first twenty are named.
create or replace function londiste_rs.drift_remarks(i_queue_name text, out table_name text, out remark text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(t.dest_table, d.table_name),
           format('DRIFT%s (since %s): %s; to mend it here: %s',
                  case when d.stops then ', stops replication' else '' end,
                  to_char(d.since, 'YYYY-MM-DD HH24:MI:SS'), d.what,
                  coalesce(nullif(d.statement, ''), 'nothing is to be run'))
      from londiste_rs.drift_list(i_queue_name) d
      left join londiste.table_info t on t.queue_name = i_queue_name and t.table_name = d.table_name
     where d.subject = 'definition'
    union all
    select u.table_name, format('%s (seen %s): %s', u.what, to_char(u.since, 'YYYY-MM-DD HH24:MI:SS'), u.statement)
      from (select d.*, row_number() over (order by d.table_name, d.what) as place
              from londiste_rs.drift_list(i_queue_name) d
             where d.subject = 'unreplicated') u
     where u.place <= 20
    union all
    select '(and ' || count(*) - 20 || ' more)', 'nobody replicates them: the command missing lists them on the root'
      from londiste_rs.drift_list(i_queue_name) d where d.subject = 'unreplicated' having count(*) > 20
$$;
