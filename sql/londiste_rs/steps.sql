-- The steps from older versions of the schemas to this one, each taken once in the life of a database, in their order.
-- What can be said as a state ("this table has this column") is said where the object is made, and is no step. A new
-- step also raises the number in begin.sql. A fresh installation takes them all and finds nothing to do.

do $$
begin
    if londiste_rs.take_step(1, 'row functions of stock triggers have all arguments')
       and to_regprocedure('pgq._wanted_row_functions(oid)') is not null then
        -- so that it is not the application's next statements that write them
        perform pgq._write_row_function(w.format, w.relation, w.args) from pgq._wanted_row_functions(null) w;
        perform pgq._write_row_trees();
    end if;
end $$;

-- Workers of this version write records that the first one had no tables for: with this number they know the schema to
-- be old.
do $$
begin
    perform londiste_rs.take_step(2,
        'positions, states of foreign keys, skipped columns and storable texts have their tables and functions');
end $$;

do $$
begin
    perform londiste_rs.take_step(3, 'comparisons have their tables');
end $$;

do $$
begin
    perform londiste_rs.take_step(4, 'the steps of a migration have their table');
end $$;

do $$
begin
    perform londiste_rs.take_step(5, 'switches of the root have their table');
end $$;

do $$
begin
    perform londiste_rs.take_step(6, 'drift of definitions has its table');
end $$;

do $$
begin
    perform londiste_rs.take_step(7,
        'new partitions are noted, copies keep ticks of their own, hooks what they have told');
end $$;

do $$
begin
    perform londiste_rs.take_step(8, 'bounds of partitions that have gone are told');
end $$;

do $$
begin
    perform londiste_rs.take_step(9, 'batches are opened, and events waited for, in one statement');
end $$;

do $$
begin
    perform londiste_rs.take_step(10, 'a copy that has brought no rows fills whatever has its table''s name');
end $$;

do $$
begin
    perform londiste_rs.take_step(11, 'chunks go with their copy, also where foreign keys are silent');
end $$;

do $$
begin
    perform londiste_rs.take_step(12, 'what a comparison has found holds until the next one has ended');
end $$;
