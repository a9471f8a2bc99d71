-- Sequences: a root publishes values ahead of its own, the nodes below set theirs to them, so that an application that
-- moves never gets a value twice.

-- Registers a sequence on this node: 200, 201 already, 400 not in this database, 404 not in the queue.
create or replace function londiste.local_add_seq(i_queue_name text, i_seq_name text, out ret_code integer,
    out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_seq_name);
    is_root boolean;
    known record;
    published bigint;
begin
    if i_queue_name is null or fq_name is null then
        ret_code := 400;
        ret_note := 'Queue and sequence must be named';
        return;
    end if;
    is_root := pgq_node.is_root_node(i_queue_name);
    select local, last_value into known
      from londiste.seq_info where queue_name = i_queue_name and seq_name = fq_name
       for update;
    if not found and not is_root then
        ret_code := 404;
        ret_note := format('Unknown sequence: %s', fq_name);
        return;
    end if;
    if known.local then
        ret_code := 201;
        ret_note := format('Sequence already added: %s', fq_name);
        return;
    end if;
    if londiste.find_seq_oid(fq_name) is null then
        ret_code := 400;
        ret_note := format('Sequence not found: %s', fq_name);
        return;
    end if;

    if is_root then
        published := londiste._seq_ahead(londiste.find_seq_oid(fq_name), 30000);
        update londiste.seq_info
           set local = true, last_value = published
         where queue_name = i_queue_name and seq_name = fq_name;
        if not found then
            insert into londiste.seq_info (queue_name, seq_name, local, last_value)
            values (i_queue_name, fq_name, true, published);
        end if;
        perform londiste._publish_seq(i_queue_name, fq_name, published);
    else
        update londiste.seq_info set local = true where queue_name = i_queue_name and seq_name = fq_name;
        perform londiste._seq_follow(londiste.find_seq_oid(fq_name), known.last_value);
    end if;
    ret_code := 200;
    ret_note := format('Sequence added: %s', fq_name);
end $$;

create or replace function londiste._publish_seq(i_queue_name text, i_seq_name text, i_value bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pgq.insert_event(i_queue_name, 'londiste.update-seq', i_value::text, i_seq_name, null, null, null);
end $$;

-- Takes a sequence out of replication on this node; a root takes it out of the queue.
create or replace function londiste.local_remove_seq(i_queue_name text, i_seq_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_seq_name);
begin
    if pgq_node.is_root_node(i_queue_name) then
        select * into ret_code, ret_note from londiste.global_remove_seq(i_queue_name, fq_name);
        return;
    end if;
    update londiste.seq_info
       set local = false
     where queue_name = i_queue_name and seq_name = fq_name and local;
    if found then
        ret_code := 200;
        ret_note := format('Sequence removed: %s', fq_name);
    else
        ret_code := 404;
        ret_note := format('Sequence not found: %s', fq_name);
    end if;
end $$;

create or replace function londiste.global_remove_seq(i_queue_name text, i_seq_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_seq_name);
begin
    delete from londiste.seq_info where queue_name = i_queue_name and seq_name = fq_name;
    if not found then
        ret_code := 400;
        ret_note := format('Sequence not found: %s', fq_name);
        return;
    end if;
    if pgq_node.is_root_node(i_queue_name) then
        perform londiste.root_notify_change(i_queue_name, 'londiste.remove-seq', fq_name);
    end if;
    ret_code := 200;
    ret_note := format('Sequence removed: %s', fq_name);
end $$;

-- Takes over the value that the root has published.
create or replace function londiste.global_update_seq(i_queue_name text, i_seq_name text, i_value bigint,
    out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_seq_name);
    type_here text;
    is_local boolean;
begin
    select node_type into type_here from pgq_node.node_info where queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := format('Set not found: %s', i_queue_name);
        return;
    end if;
    if type_here = 'root' then
        ret_code := 402;
        ret_note := 'Must not run on root node';
        return;
    end if;
    update londiste.seq_info
       set last_value = i_value
     where queue_name = i_queue_name and seq_name = fq_name
    returning local into is_local;
    if not found then
        insert into londiste.seq_info (queue_name, seq_name, last_value) values (i_queue_name, fq_name, i_value);
    elsif is_local and londiste.find_seq_oid(fq_name) is null then
        raise warning 'sequence % is not in this database any more: its published value is kept in '
                      'londiste.seq_info only', fq_name;
    elsif is_local then
        perform londiste._seq_follow(londiste.find_seq_oid(fq_name), i_value);
    end if;
    ret_code := 200;
    ret_note := 'Sequence updated';
end $$;

create or replace function londiste.get_seq_list(i_queue_name text, out seq_name text, out last_value bigint,
    out local boolean)
returns setof record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.seq_name, s.last_value, s.local from londiste.seq_info s where s.queue_name = i_queue_name order by s.nr;
end $$;

-- Publishes new values for the sequences of a root that are less than one buffer away from what was published; the new
-- value is three buffers ahead. A buffer has at least 10 000 values; of a sequence that comes near its end, a quarter
-- of those it has left. A sequence that has begun anew (cycle) is published behind what was published.
create or replace function londiste.root_check_seqs(i_queue_name text, i_buffer bigint,
    out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    buffer constant bigint := greatest(coalesce(i_buffer, 0), 10000);
    type_here text;
    seq record;
    relation oid;
    next_value bigint;
begin
    select node_type into type_here from pgq_node.node_info where queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := format('Queue not found: %s', i_queue_name);
        return;
    end if;
    if type_here <> 'root' then
        ret_code := 402;
        ret_note := 'Not a root node';
        return;
    end if;
    -- One that was dropped in the database must not keep the others from being published.
    for seq in
        select seq_name, last_value from londiste.seq_info
         where queue_name = i_queue_name and local and londiste.find_seq_oid(seq_name) is not null
         order by nr
    loop
        relation := londiste.find_seq_oid(seq.seq_name);
        next_value := londiste._seq_ahead(relation, buffer * 3);
        if next_value <> seq.last_value and londiste._seq_is_due(relation, seq.last_value, buffer) then
            update londiste.seq_info
               set last_value = next_value
             where queue_name = i_queue_name and seq_name = seq.seq_name;
            perform londiste._publish_seq(i_queue_name, seq.seq_name, next_value);
        end if;
    end loop;
    ret_code := 100;
    ret_note := 'Sequences updated';
end $$;

create or replace function londiste.root_check_seqs(i_queue_name text, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    select * into ret_code, ret_note from londiste.root_check_seqs(i_queue_name, 10000);
end $$;
