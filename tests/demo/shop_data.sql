-- Fills the shop on the source. Run once, after shop.sql.
set client_min_messages = warning;
set session synchronous_commit = off;

insert into shop.country values ('de', 'Deutschland', default), ('fr', 'France', default), ('is', 'Ísland', 'ISK'),
    ('jp', '日本', 'JPY'), ('in', 'भारत', 'INR');

insert into shop.customer (email, name, home, tags, prefs, birthday, country, referred_by, note)
select format('user%s@example.com', i), format('Name %s O''Hara', i),
    case when i % 7 > 0 then row(format('Street "%s", no. %s', i, i % 90), 'City, (north)',
                                 lpad((i % 99999)::text, 5, '0'), point(i / 10.0, -i))::shop.address end,
    case i % 4 when 0 then '{}' when 1 then array['a', 'b,c', '"q"'] when 2 then array[null, 'NULL', '']
               else array['\', 'tab	'] end,
    jsonb_build_object('n', i, 'deep', jsonb_build_array(i, null, 'x' || i), 'ratio', i / 3.0),
    date '1950-01-01' + i % 20000, (array['de', 'fr', 'is', 'jp', 'in'])[1 + i % 5],
    case when i > 10 and i % 3 = 0 then i / 3 end,
    case when i % 11 = 0 then repeat(format('long note %s; ', i), 300) end
from generate_series(1, 3000) i;

insert into shop.customer_address
select id, kind, row('Elm ' || id, 'Town', '1', null)::shop.address
from shop.customer, unnest(array['home', 'work']) kind where id % 2 = 0;

insert into shop.customer_login (customer_id, at, ip, device, agent)
select 1 + i % 3000, timestamptz '2024-01-01 UTC' + i * interval '7 minutes',
       ('10.1.' || i % 250 || '.' || i % 199)::inet,
    case when i % 2 = 0 then '08:00:2b:01:02:03'::macaddr end, 'agent/' || i % 13
from generate_series(1, 6000) i;

insert into shop.category (parent_id, name, position)
select case when i > 5 then 1 + i % 5 end, 'Category ' || i, i from generate_series(1, 200) i;

insert into shop.brand (name, founded) select 'Brand ' || i, 1900 + i from generate_series(1, 50) i;

insert into shop.product (sku, brand_id, title, price, old_prices, attributes, dimensions, weight, active, on_sale,
                          discount, image, keywords)
select 'SKU-' || lpad(i::text, 6, '0'), 1 + i % 50, 'Thing no. ' || i, i % 500 + 0.99,
       case when i % 3 = 0 then array[i, null, 0.5]::shop.amount[] end,
    format('{"colour":  "c%s", "sizes": [1,2 ,3], "a": 1, "a": 2}', i % 9)::json,
    array[(i / 3.0)::float8, 1e-300, 'NaN', '-Infinity'],
    i / 7.0, i % 5 > 0, daterange('2024-01-01', '2024-01-01'::date + i % 30), int4range(i % 10, 10 + i % 20, '[]'),
    case when i % 20 = 0 then decode(repeat(md5(i::text), 100), 'hex') else '\x00ff5c27'::bytea end,
    to_tsvector('simple', 'thing number ' || i)
from generate_series(1, 3000) i;

insert into shop.product_category select sku, 1 + (row_number() over ()) % 200 from shop.product;
insert into shop.product_price
select sku, tstzrange(timestamptz '2024-01-01 UTC' + i * interval '1 month',
                      timestamptz '2024-02-01 UTC' + i * interval '1 month'), price + i
from shop.product, generate_series(1, 2) i;
insert into shop.warehouse
select i, 'Hall ' || i, point(i, i), array[tsrange('2024-01-01 08:00', '2024-01-01 18:00'), null, 'empty']
from generate_series(1, 4) i;
insert into shop.stock select w.id, sku, 1000 from shop.warehouse w, shop.product where w.id <= 2;
insert into shop.stock_move (warehouse_id, sku, quantity)
select warehouse_id, sku, quantity from shop.stock where quantity > 0 limit 3000;

insert into shop."order" (customer_id, state, ship_to, placed_at)
select 1 + i % 3000, (enum_range(null::shop.order_state))[1 + i % 6],
       row('Way ' || i, null, '', point(0, 0))::shop.address,
    timestamptz '2024-03-01 UTC' + i * interval '1 hour'
from generate_series(1, 4000) i;
insert into shop.order_item (order_id, line, customer_id, sku, quantity, price)
select o.id, line, o.customer_id, 'SKU-' || lpad((1 + (o.id * line) % 3000)::text, 6, '0'), line, 9.99
from shop."order" o, generate_series(1, 2) line;
insert into shop.payment (id, order_id, kind, amount, fee, paid_at)
select md5('p' || id)::uuid, id, (enum_range(null::shop.payment_kind))[1 + id % 3], 10 + id % 100,
       (id % 10)::numeric::money, timestamp '2024-04-01' + id * interval '1 minute'
from shop."order" where id % 2 = 0;
insert into shop.refund (payment_id, amount, reason)
select id, amount / 2, e'broken\n\\N \\. end' from shop.payment limit 500;
insert into shop.shipment (order_id, flags, route, took, pickup, window_end)
select id, (id % 256)::int::bit(8), (id % 16)::int::bit(4), make_interval(months => (id % 5)::int,
    days => (id % 40)::int, secs => id), time '08:00' + id % 600 * interval '1 minute', timetz '18:00+02'
from shop."order" where id % 3 = 0;
insert into shop.shipment_event select 1 + i % 900, timestamptz '2024-05-01 UTC' + i % 50 * interval '1 day',
                                       'scan ' || i % 5, '{"k" : 1}' from generate_series(1, 3000) i;
insert into shop.coupon select 'CODE-' || i, i % 50 from generate_series(1, 1000) i;
insert into shop.coupon_use select 'CODE-' || 1 + id % 1000, id from shop."order" where id % 4 = 0;
insert into shop.cart select md5('c' || i)::uuid, 1 + i % 3000, jsonb_build_array(i, 'x')
                      from generate_series(1, 2000) i;
insert into shop.cart_archive
select md5('a' || i)::uuid, jsonb_build_array(i), timestamptz '2024-01-01 UTC' from generate_series(1, 1000) i;
insert into shop.review select 1 + i % 3000, 'SKU-' || lpad((1 + i)::text, 6, '0'), 1 + i % 5, e'fine\tline\r\nnext'
                        from generate_series(1, 2900) i;
insert into shop.page_view (at, path, took_ms)
select timestamptz '2023-12-01 UTC' + i * interval '4 hours', '/p/' || i % 100, i % 900 from generate_series(1, 6000) i;
insert into shop.event_log
select (array['web', 'app', 'mail', 'cron'])[1 + i % 4], i, jsonb_build_object('i', i) from generate_series(1, 4000) i;
insert into shop.hot_deal select i, 'SKU-' || lpad(i::text, 6, '0'), 0.1 * i from generate_series(1, 20) i;
insert into shop.setting select 'key ' || i, case i % 3 when 0 then 'null'::jsonb when 1 then null else to_jsonb(i) end
                         from generate_series(1, 100) i;
insert into shop.counter select i, 0 from generate_series(1, 100) i;
insert into shop.measurement
select i, case i % 3 when 0 then 'NaN' when 1 then 1e-20 * i else 12345678901234567890.1234567890 end::numeric,
    (array['NaN', 'Infinity', '-Infinity', '-0', '0.1', '1e308'])[1 + i % 6]::float8,
    (array['NaN', 'Infinity', '-0', '3.4e38', '1e-38'])[1 + i % 5]::real,
    (array['infinity', '-infinity', '2024-02-29 23:59:59.999999+00',
           '0044-03-15 12:00:00+00 BC'])[1 + i % 4]::timestamptz,
    (array['infinity', '0001-01-01 BC', '2024-02-29'])[1 + i % 3]::date
from generate_series(1, 2000) i;
do $$
begin
    if current_setting('server_version_num')::int >= 140000 then
        update shop.measurement set exact = case when id % 2 = 0 then 'Infinity' else '-Infinity' end::numeric
        where id % 10 = 0;
    end if;
end $$;
insert into shop.type_zoo
select i, '10.0.0.0/8', '08:00:2b:01:02:03:04:05', '{1,2,3}', '[(1,2),(3,4)]', '(3,4),(1,2)', '[(1,1),(2,2.5)]',
    '((0,0),(1,0),(1,1))', '<(1,1),0.1>',
    'a & !b | c:*', '16/B374D848', '$.a[*] ? (@ > 1)', int8range(i, null), numrange(null, i / 3.0, '(]'),
    array[[i, 2], [3, null]],
    array['new', 'it''s "odd", really']::shop.order_state[], array[row('a "b"', 'c,d', '(', null)::shop.address, null],
    '[ 1,  null, "\u0041"]', 'ab', i, 'pg_class', '[2:3]={7,8}'
from generate_series(1, 1500) i;
insert into "Back Office"."Staff.Member" ("Full Name", "salary.monthly", "Boss")
select 'Person ' || i, 1000 + i, case when i > 1 then i / 2 end from generate_series(1, 500) i;
insert into "Back Office"."Shift Plan"
select date '2024-01-01' + i / 10, 1 + i % 500, int4range(8, 16) from generate_series(1, 3000) i;
analyze;
