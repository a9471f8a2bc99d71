//! Cases of checks that are asked of both servers.

use super::case::{By, Case};

pub(crate) const CASES: &[Case] = &[
    Case {
        check: "create-privilege",
        broken: &[(
            By::SourceAdmin,
            "grant all on schema public to shop_owner; alter database shop owner to current_user",
        )],
        line: &[
            "blocker",
            "source",
            "role shop_owner",
            "may not create schemas",
            "grant create on database shop to shop_owner",
        ],
        mended: &[],
    },
    Case {
        check: "settings",
        broken: &[(
            By::SourceAdmin,
            "alter role shop_owner in database shop set default_transaction_isolation = 'serializable'",
        )],
        line: &[
            "warning",
            "source",
            "setting default_transaction_isolation",
            "alter role shop_owner in database shop reset",
        ],
        mended: &[],
    },
    Case {
        check: "settings",
        broken: &[(By::TargetAdmin, "alter database cloud set default_transaction_read_only = on")],
        line: &["blocker", "target", "setting default_transaction_read_only", "alter database cloud reset"],
        mended: &[(
            By::TargetAdmin,
            "set transaction read write; alter database cloud reset default_transaction_read_only",
        )],
    },
    Case {
        check: "settings",
        broken: &[(By::Target, "alter role cloud_owner set statement_timeout = '5s'")],
        line: &[
            "info",
            "target",
            "setting statement_timeout",
            "is 5000",
            "alter role cloud_owner reset statement_timeout",
        ],
        mended: &[],
    },
    Case {
        check: "connections",
        broken: &[(By::SourceAdmin, "alter role shop_owner connection limit 6")],
        line: &[
            "warning",
            "source",
            "connections of role shop_owner",
            "11 are needed",
            "alter role shop_owner connection limit -1",
        ],
        mended: &[],
    },
    Case {
        check: "connections",
        broken: &[(By::TargetAdmin, "alter database cloud connection limit 2")],
        line: &[
            "blocker",
            "target",
            "connections of database cloud",
            "2 are free",
            "alter database cloud connection limit -1",
        ],
        mended: &[],
    },
    Case {
        check: "keepalives",
        broken: &[(By::SourceAdmin, "alter role shop_owner set tcp_keepalives_idle = 7200")],
        line: &[
            "info",
            "source",
            "setting tcp_keepalives_idle",
            "is 7200",
            "alter role shop_owner set tcp_keepalives_idle = 60",
        ],
        mended: &[],
    },
    Case {
        check: "row-triggers",
        broken: &[(
            By::Target,
            "create function maybe() returns trigger language plpgsql \
                 as 'begin if new.id < 0 then return  NULL; end if; return new; end'; \
             create trigger maybe before insert on item for each row execute function maybe(); \
             create function never() returns trigger language plpgsql as 'begin return new; end'; \
             create trigger never before insert on item for each row execute function never(); \
             create trigger after_it after insert on item for each row execute function maybe()",
        )],
        line: &[
            "info",
            "target",
            "trigger maybe on table public.item",
            "maybe() returns NULL on one of its ways",
        ],
        mended: &[(By::Target, "drop function maybe() cascade; drop function never() cascade")],
    },
    Case {
        check: "row-triggers",
        broken: &[(
            By::Target,
            "create trigger same before update on item for each row \
                 execute function suppress_redundant_updates_trigger(); \
             alter table item enable always trigger same",
        )],
        line: &[
            "warning",
            "target",
            "trigger same on table public.item",
            "is written in internal",
            "fires for replayed rows too",
            "alter table public.item enable trigger same",
        ],
        mended: &[(By::Target, "drop trigger same on item")],
    },
    Case {
        check: "event-triggers",
        broken: &[(
            By::SourceAdmin,
            "create function seen() returns event_trigger language plpgsql as 'begin end'; \
             create event trigger seen on ddl_command_end execute function seen()",
        )],
        line: &[
            "warning",
            "source",
            "event trigger seen",
            "ddl_command_end",
            "alter event trigger seen disable",
        ],
        mended: &[],
    },
    Case {
        check: "rules",
        broken: &[(By::Source, "create rule keep as on delete to item do instead nothing")],
        line: &[
            "warning",
            "source",
            "rule keep on table public.item",
            "instead",
            "drop rule keep on public.item",
        ],
        mended: &[],
    },
    Case {
        check: "always-triggers",
        broken: &[(
            By::Target,
            "create function touch() returns trigger language plpgsql as 'begin return new; end'; \
             create trigger touch before update on item for each row execute function touch(); \
             alter table item enable always trigger touch",
        )],
        line: &[
            "warning",
            "target",
            "trigger touch on table public.item",
            "alter table public.item enable trigger touch",
        ],
        mended: &[(By::Target, "drop trigger touch on item")],
    },
    Case {
        check: "target-triggers",
        broken: &[(
            By::Target,
            "create trigger touch before update on item for each row execute function touch()",
        )],
        line: &["info", "target", "trigger touch on table public.item", "does not fire"],
        mended: &[(By::Target, "drop function touch() cascade")],
    },
    Case {
        check: "remains",
        broken: &[(By::Source, "create schema pgq")],
        line: &["info", "source", "schema pgq", "is there already"],
        mended: &[(By::Source, "drop schema pgq")],
    },
    Case {
        check: "remains",
        broken: &[(
            By::Source,
            "create schema slony; \
             create function slony.logtrigger() returns trigger language plpgsql as 'begin return new; end'; \
             create trigger log after insert on item for each row execute function slony.logtrigger()",
        )],
        line: &[
            "warning",
            "source",
            "trigger log on table public.item",
            "slony.logtrigger",
            "drop trigger log on public.item",
        ],
        mended: &[],
    },
    Case {
        check: "invalid-indexes",
        broken: &[
            (By::Target, "create index slow on item (name)"),
            (By::TargetAdmin, "update pg_index set indisvalid = false where indexrelid = 'slow'::regclass"),
        ],
        line: &["warning", "target", "index public.slow", "reindex index concurrently public.slow"],
        mended: &[],
    },
    Case {
        check: "prepared-transactions",
        broken: &[(By::Target, "begin; insert into item values (-1, 'x'); prepare transaction 'p1'")],
        line: &[
            "warning",
            "target",
            "prepared transaction 'p1'",
            "of cloud_owner since",
            "rollback prepared 'p1'",
        ],
        mended: &[],
    },
];
