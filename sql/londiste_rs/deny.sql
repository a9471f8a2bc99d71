-- Guards a leaf's table against writes that do not come from its worker.
create or replace function londiste_rs.deny()
returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not londiste_rs.is_replay() then
        perform londiste_rs.refuse_change(tg_argv[0], tg_relid);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;
