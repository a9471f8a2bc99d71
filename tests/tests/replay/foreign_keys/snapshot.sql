select k.conrelid::regclass, k.conname, k.confrelid::regclass, k.convalidated, pg_get_constraintdef(k.oid),
       obj_description(k.oid, 'pg_constraint'), p.conrelid::regclass || ' ' || p.conname
  from pg_constraint k
  left join pg_constraint p on p.oid = k.conparentid
 where k.contype = 'f' and k.connamespace <> 'londiste_fk'::regnamespace
   and (p.oid is null or p.conrelid <> k.conrelid)
 order by k.conrelid::regclass::text, k.conname
