-- Columns of the source that a table of this node lacks on purpose (add-table --skip-columns). Any other such column
-- holds its table.

set client_min_messages = warning;

create table if not exists londiste_rs.skipped_column (
    queue_name  text not null,
    table_name  text not null,
    column_name text not null,
    since       timestamptz not null default now(),
    primary key (queue_name, table_name, column_name)
);

reset client_min_messages;

-- Sets the columns that a table of this node lacks on purpose: these, and no others.
create or replace function londiste_rs.skip_columns(i_queue_name text, i_table_name text, i_columns text[])
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from londiste_rs.skipped_column s
     where s.queue_name = i_queue_name and s.table_name = i_table_name and s.column_name <> all (i_columns);
    if i_columns <> '{}' then
        insert into londiste_rs.skipped_column (queue_name, table_name, column_name)
        select distinct i_queue_name, i_table_name, c.name from unnest(i_columns) c (name)
            on conflict do nothing;
    end if;
end $$;

-- Tables of this node with columns that are skipped, for people.
create or replace function londiste_rs.skipped_remarks(i_queue_name text, out table_name text, out remark text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select d.dest,
           format('columns of the source that are skipped here: %s',
                  string_agg(s.column_name, ', ' order by s.column_name))
           || coalesce(format('; %s exists here now: its values from before are missing, resync the table',
                              string_agg(s.column_name,
                                         ', ' order by s.column_name) filter (where a.attname is not null)), '')
      from londiste_rs.skipped_column s
      join londiste.table_info t on t.queue_name = s.queue_name and t.table_name = s.table_name and t.local
     cross join lateral (select coalesce(t.dest_table, t.table_name)) d (dest)
      left join pg_attribute a on a.attrelid = londiste_rs.find_relation(d.dest) and a.attname = s.column_name::name
       and not a.attisdropped
     where s.queue_name = i_queue_name
     group by d.dest
$$;
