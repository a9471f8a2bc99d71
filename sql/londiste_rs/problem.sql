-- Problems of a leaf, as its database knows them, and what hooks were told of problems: each one is told once, also
-- when the worker is started anew.

set client_min_messages = warning;

create table if not exists londiste_rs.told_problem (
    queue_name text not null,
    -- whose hooks were told
    job_name   text not null,
    -- parked, part, drift, unreplicated, disk, comparison; or ready
    kind       text not null,
    table_name text not null,
    -- what tells it from other problems of the same kind and table
    name       text not null,
    words      text not null,
    since      timestamptz not null default now()
);
create index if not exists told_problem_job on londiste_rs.told_problem (queue_name, job_name);

reset client_min_messages;

-- The problems of a leaf. Not stands: it is on its way out, but not over: a table that was parked and is not ok yet, or
-- one whose rows have differed and that is being compared. No column but statement and name has more of a row than how
-- many there are, and these two are about definitions.
create or replace function londiste_rs.problems(i_queue_name text, out kind text, out table_name text, out name text,
    out stands boolean, out code text, out ev_id bigint, out statement text, out differing bigint, out compared bigint)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with leaf as (
        select n.queue_name from pgq_node.node_info n where n.queue_name = i_queue_name and n.node_type <> 'root'),
    tables as (
        select t.table_name, t.merge_state
          from londiste.table_info t join leaf on leaf.queue_name = t.queue_name
         where t.local)
    select 'parked', e.table_name, '', p.table_name is not null, e.code, e.ev_id, '', null::bigint, null::bigint
      from londiste_rs.table_error e
      join tables t on t.table_name = e.table_name and t.merge_state is distinct from 'ok'
      left join londiste_rs.parked_tables(i_queue_name) p on p.table_name = e.table_name
     where e.queue_name = i_queue_name
    union all
    -- a leaf that replicates nothing yet misses everything
    select case d.subject when 'definition' then 'drift' else 'unreplicated' end, d.table_name, d.what, true,
           null, null, d.statement, null, null
      from londiste_rs.drift_list(i_queue_name) d
     where d.subject = 'definition' or exists (select from tables t where t.merge_state = 'ok')
    union all
    select 'comparison', c.table_name, '', c.verdict is not null, null, null, '', c.differing, c.rows_compared
      from londiste_rs.comparison c
      join tables t on t.table_name = c.table_name
     where c.queue_name = i_queue_name and (c.verdict is null or c.verdict = 'differs')
     order by 1, 2, 3
$$;

-- What hooks were told is this, in the place of what they were told before. The arrays hold a problem at each place.
create or replace function londiste_rs.keep_told_problems(
    i_queue_name text, i_job_name text, i_kinds text[], i_tables text[], i_names text[], i_words text[])
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from londiste_rs.told_problem p
     where p.queue_name = i_queue_name and p.job_name = i_job_name
       and not exists (select from unnest(i_kinds, i_tables, i_names) f (kind, table_name, name)
                        where f.kind = p.kind and f.table_name = p.table_name and f.name = p.name);
    insert into londiste_rs.told_problem (queue_name, job_name, kind, table_name, name, words)
    select i_queue_name, i_job_name, f.kind, f.table_name, f.name, f.words
      from unnest(i_kinds, i_tables, i_names, i_words) f (kind, table_name, name, words)
     where not exists (select from londiste_rs.told_problem p
                        where p.queue_name = i_queue_name and p.job_name = i_job_name
                          and p.kind = f.kind and p.table_name = f.table_name and p.name = f.name);
end $$;
