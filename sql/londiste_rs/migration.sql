-- What `londiste migrate` has done: one line for each step, on the target. The servers tell whether a step is done;
-- this tells when, how often and how long it was worked on.

set client_min_messages = warning;

create table if not exists londiste_rs.migration_step (
    queue_name text not null,
    step       text not null,
    state      text not null check (state in ('working', 'done', 'partly', 'failed')),
    note       text,
    attempts   integer not null default 1,
    -- time at work, of all attempts that came to their end
    seconds    double precision not null default 0,
    began      timestamptz not null default now(),
    finished   timestamptz,
    primary key (queue_name, step)
);

reset client_min_messages;
