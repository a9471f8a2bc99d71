-- An installation begins: over nothing, or over an older one. Which one it is, is told by the steps that it has taken
-- (steps.sql); one that has taken more than these scripts know is left as it is.
do $$
declare
    newest constant integer := 12;
    installed integer;
begin
    if to_regclass('londiste_rs.schema_step') is not null then
        execute 'select max(step) from londiste_rs.schema_step' into installed;
    end if;
    if installed > newest then
        raise exception 'this database holds version % of the londiste-rs schemas; '
                        'what is to be installed is version %', installed, newest
            using errcode = 'object_not_in_prerequisite_state',
                  hint = 'Use the londiste-rs that has installed it, or a newer one; nothing was changed.';
    end if;
    if to_regnamespace('londiste_rs') is null then
        create schema londiste_rs;
    end if;
    if to_regclass('londiste_rs.schema_step') is null then
        create table londiste_rs.schema_step (
            step    integer primary key,
            what    text not null,
            done_at timestamptz not null default now()
        );
    end if;
end $$;

-- Whether a step of an upgrade has to be taken now: once, and after those before it. It counts as taken when the
-- transaction ends well.
create or replace function londiste_rs.take_step(i_step integer, i_what text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from londiste_rs.schema_step where step = i_step) then
        return false;
    end if;
    if i_step > 1 and not exists (select from londiste_rs.schema_step where step = i_step - 1) then
        raise exception 'step % of the upgrade comes before step %', i_step - 1, i_step;
    end if;
    insert into londiste_rs.schema_step (step, what) values (i_step, i_what);
    return true;
end $$;

-- Version of the installed schemas: the number of the last step they have taken. NULL: an installation has not come to
-- its end.
create or replace function londiste_rs.schema_version()
returns integer
language sql stable
set search_path = pg_catalog, pg_temp
as $$ select max(step) from londiste_rs.schema_step $$;
