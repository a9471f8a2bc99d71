-- Roles others get their rights from. They belong to the whole server: who may not create them goes on without.
do $$
declare
    missing text[];
    wanted record;
begin
    for wanted in
        select * from (values ('londiste_reader', 'pgq_reader'), ('londiste_writer', 'pgq_admin')) w (name, parent)
         where not exists (select from pg_roles where rolname = w.name)
         order by w.name
    loop
        begin
            execute format('create role %I', wanted.name);
            if exists (select from pg_roles where rolname = wanted.parent) then
                execute format('grant %I to %I', wanted.parent, wanted.name);
            end if;
        exception
            when insufficient_privilege then
                missing := missing || wanted.name;
        end;
    end loop;
    if missing is not null then
        raise notice 'roles % are not created, this role may not: their grants are left out',
            array_to_string(missing, ', ');
    end if;
end $$;
