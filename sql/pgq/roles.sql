-- Roles others get their rights from. They belong to the whole server: who may not create them goes on without.
do $$
declare
    missing text[];
    created text[];
    new_role text;
begin
    for new_role in
        select u.name from unnest(array['pgq_reader', 'pgq_writer', 'pgq_admin']) with ordinality u (name, pos)
         where not exists (select from pg_roles where rolname = u.name)
         order by u.pos
    loop
        begin
            execute format('create role %I', new_role);
            created := created || new_role;
        exception
            when insufficient_privilege then
                missing := missing || new_role;
        end;
    end loop;
    if missing is not null then
        raise notice 'roles % are not created, this role may not: their grants are left out',
            array_to_string(missing, ', ');
    elsif 'pgq_admin' = any (created) then
        begin
            grant pgq_reader, pgq_writer to pgq_admin;
        exception
            when insufficient_privilege then
                raise notice 'pgq_admin is not made a member of pgq_reader and pgq_writer, this role may not';
        end;
    end if;
end $$;
