-- How far a sequence is and how far it can go: by its own increment, bounds and cycle.

-- Where a sequence stands, its increment, how many steps it has left to its bound, whether it begins anew there, and
-- its bounds.
create or replace function londiste._seq_room(i_seq oid,
    out stands_at bigint, out step bigint, out steps_left numeric, out cycles boolean, out lowest bigint,
    out highest bigint)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('select last_value from %s', i_seq::regclass) into stands_at;
    select s.seqincrement, s.seqcycle, s.seqmin, s.seqmax into step, cycles, lowest, highest
      from pg_sequence s where s.seqrelid = i_seq;
    steps_left := trunc((case when step > 0 then highest else lowest end - stands_at::numeric) / step);
end $$;

-- The value that many steps ahead of where a sequence stands. Half of what it has left before its bound stays free:
-- whoever takes over from there goes on.
create or replace function londiste._seq_ahead(i_seq oid, i_steps bigint)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
    select (r.stands_at + r.step * least(i_steps, ceil(r.steps_left / 2)))::bigint from londiste._seq_room(i_seq) r
$$;

-- Whether a published value is less than i_buffer steps ahead, or a quarter of those that are left; or so far ahead
-- that the sequence has begun anew.
create or replace function londiste._seq_is_due(i_seq oid, i_published bigint, i_buffer bigint)
returns boolean
language sql
set search_path = pg_catalog, pg_temp
as $$
    select a.ahead <= least(i_buffer, trunc(r.steps_left / 4)) or r.cycles and a.ahead > i_buffer * 3
      from londiste._seq_room(i_seq) r
     cross join lateral (select (i_published::numeric - r.stands_at) / r.step) a (ahead)
$$;

-- Sets a sequence to a published value, if that lies ahead of it. One that cycles is set in any case: behind it lies
-- what its root has begun anew. It may not be used where others call nextval at the same time.
create or replace function londiste._seq_follow(i_seq oid, i_value bigint)
returns void
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    room record;
    wanted bigint;
begin
    select * into room from londiste._seq_room(i_seq);
    wanted := greatest(least(i_value, room.highest), room.lowest);
    if wanted <> i_value then
        raise warning 'sequence %: % lies beyond its bounds here (% to %): '
                      'give it those of the root with alter sequence',
            i_seq::regclass, i_value, room.lowest, room.highest;
    end if;
    if room.cycles or (wanted - room.stands_at::numeric) * room.step > 0 then
        perform setval(i_seq::regclass, wanted);
    end if;
end $$;

-- Sequences of the queue that a table's columns own.
create or replace function londiste._owned_seqs(i_queue_name text, i_table_name text)
returns table (seq_name text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select s.seq_name
      from londiste.seq_info s
      join pg_depend d on d.objid = londiste.find_seq_oid(s.seq_name) and d.classid = 'pg_class'::regclass
     where s.queue_name = i_queue_name and s.local
       and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
       and d.refobjid = londiste._find_relation(i_table_name, null)
     order by s.nr
$$;
