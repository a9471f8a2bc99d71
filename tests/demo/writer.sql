-- What the shop's application does while it is replicated: one operation after each heading `-- op NAME WEIGHT`.
-- Placeholders: :w number of this writer, :n of writers, :r a random number below 1000000, :u a number used once. :d a
-- day of a month (02 to 28). Writers keep to customers, products and other rows of their own (modulo :n); where
-- cascades reach further they take an advisory lock, so that they never wait for each other in a circle.

-- op register_customer 6
begin;
insert into shop.customer (email, name, home, tags, prefs, country, referred_by)
values ('new:u@example.com', 'New :u', row('New street', 'Town', ':r', null), array['new', ':u'],
    '{"fresh": true}', 'fr',
    (select id from shop.customer where id % :n = :w and id > :r % 3000 order by id limit 1));
insert into shop.customer_address select id, 'home', home from shop.customer where email = 'new:u@example.com';
insert into shop.customer_login (customer_id, ip) select id, '::1' from shop.customer where email = 'new:u@example.com';
commit;

-- op change_customer 8
update shop.customer set prefs = jsonb_set(prefs, '{visits}', ':r'), tags = tags || 'visit'::text, name = 'Renamed :r'
where id = (select id from shop.customer where id % :n = :w and id >= :r % 3000 order by id limit 1)
    and cardinality(tags) < 20;

-- op place_order 10
begin;
insert into shop."order" (customer_id, ship_to)
select id, home from shop.customer where id % :n = :w and id >= :r % 2900 order by id limit 1;
insert into shop.order_item (order_id, line, customer_id, sku, quantity, price)
select o.id, row_number() over (order by p.sku), o.customer_id, p.sku, 1 + :r % 3, p.price
from (select id, customer_id from shop."order" where id = currval('shop.order_id_seq')) o,
     (select sku, price from shop.product
      where abs(hashtext(title)) % :n = :w and sku > 'SKU-' || lpad((:r % 3000)::text, 6, '0') order by sku limit 3) p;
update shop.stock s set quantity = s.quantity - i.quantity
from shop.order_item i
where i.order_id = currval('shop.order_id_seq') and s.sku = i.sku and s.warehouse_id = 1 + :r % 2;
insert into shop.payment (id, order_id, kind, amount, fee)
select md5(':u')::uuid, currval('shop.order_id_seq'), 'card', 1, '2.50'
where exists (select from shop."order" where id = currval('shop.order_id_seq'));
commit;

-- op pay_before_order 2
begin;
insert into shop.payment (id, order_id, kind, amount)
values (md5('early :u')::uuid, nextval('shop.order_id_seq'), 'voucher', 5);
insert into shop."order" (id, customer_id) overriding system value
select currval('shop.order_id_seq'), min(id) from shop.customer where id % :n = :w;
commit;

-- op ship_order 8
begin;
update shop."order" set state = 'shipped' where id =
    (select id from shop."order" where customer_id % :n = :w and state in ('new', 'paid') and id >= :r % 4000
     order by id limit 1);
insert into shop.shipment (order_id, took, route) select id, interval '1 mon -3 days 00:00:01.5', b'101'
from shop."order" where customer_id % :n = :w and id >= :r % 4000 order by id limit 1;
insert into shop.shipment_event select max(id), now(), 'scan', '{"by":  "writer"}' from shop.shipment;
insert into shop.shipment_event select max(id), now(), 'scan', '{"by":  "writer"}' from shop.shipment;
commit;

-- op delete_order 3
begin;
select pg_advisory_xact_lock(4);
delete from shop."order"
where id = (select id from shop."order" where customer_id % :n = :w and id >= :r % 4000 order by id limit 1);
commit;

-- op delete_customer 1
begin;
select pg_advisory_xact_lock(4);
delete from shop.customer
where id = (select id from shop.customer where id % :n = :w and id >= :r % 3000 order by id limit 1);
commit;

-- op price_change 6
update shop.product set old_prices = array_append(old_prices[1:3], price), price = :r % 900 + 0.5,
    on_sale = daterange('2024-06-01', '2024-06-:d')
where sku = (select sku from shop.product where abs(hashtext(title)) % :n = :w
             and sku >= 'SKU-' || lpad((:r % 3000)::text, 6, '0') order by sku limit 1);

-- op rename_sku 2
begin;
select pg_advisory_xact_lock(4);
update shop.product set sku = 'NEW-:u'
where sku = (select sku from shop.product where abs(hashtext(title)) % :n = :w
             and sku >= 'SKU-' || lpad((:r % 3000)::text, 6, '0') order by sku limit 1);
commit;

-- op new_image 1
update shop.product set image = decode(repeat(md5(':u'), 600), 'hex')
where sku = (select sku from shop.product where abs(hashtext(title)) % :n = :w
             and sku >= 'SKU-' || lpad((:r % 3000)::text, 6, '0') order by sku limit 1);

-- op delete_product 1
begin;
select pg_advisory_xact_lock(4);
delete from shop.product
where sku = (select sku from shop.product where abs(hashtext(title)) % :n = :w
             and sku >= 'SKU-' || lpad((:r % 3000)::text, 6, '0') order by sku limit 1);
commit;

-- op rename_coupon 2
begin;
select pg_advisory_xact_lock(4);
update shop.coupon set code = 'RENAMED-:u'
where code = (select code from shop.coupon where abs(hashtext(value::text)) % :n = :w
              order by md5(code || ':r') limit 1);
commit;

-- op move_address_key 3
update shop.customer_address set kind = 'k:u' where (customer_id, kind) =
    (select customer_id, kind from shop.customer_address where customer_id % :n = :w and customer_id >= :r % 3000
     order by 1, 2 limit 1);

-- op page_views 6
insert into shop.page_view (at, path, took_ms)
select timestamptz '2024-06-01 UTC' + (:r % 900) * interval '1 day', '/w/:r', i from generate_series(1, 5) i;

-- op move_page_view 3
update shop.page_view set at = at + interval '400 days', took_ms = -1 where (id, at) =
    (select id, at from shop.page_view where id % :n = :w and id >= :r % 6000 and at < '2027-01-01'
     order by id limit 1);

-- op move_event 3
update shop.event_log
set kind = case kind when 'web' then 'mail' when 'mail' then 'app' else 'web' end, id = 1000000 + :u
where (kind, id) = (select kind, id from shop.event_log where id % :n = :w and id >= :r % 4000
                    order by id, kind limit 1);

-- op delete_events 2
delete from shop.event_log where id % :n = :w and id between :r % 4000 and :r % 4000 + 3;

-- op keyless 4
begin;
update shop.shipment_event set what = 'seen :r' where shipment_id % :n = :w and shipment_id = :r % 900;
delete from shop.shipment_event where shipment_id % :n = :w and shipment_id = (:r + 1) % 900 and what like 'scan%';
commit;

-- op hot_deals 2
begin;
select pg_advisory_xact_lock(1);
truncate shop.hot_deal;
insert into shop.hot_deal select i, 'SKU-:r', i * 0.5 from generate_series(1, 10) i;
commit;

-- op hot_deals_abandoned 1
begin;
select pg_advisory_xact_lock(1);
savepoint before_truncate;
truncate shop.hot_deal;
insert into shop.hot_deal values (99, 'never');
rollback to before_truncate;
insert into shop.hot_deal values (1000 + :r % 50, 'sku', null) on conflict (rank) do update set cut = -1;
commit;

-- op savepoints 3
begin;
insert into shop.setting values ('saved :u', '1');
savepoint one;
update shop.setting set value = '2' where key = 'saved :u';
savepoint two;
delete from shop.setting where key = 'saved :u';
rollback to two;
update shop.setting set value = coalesce(value, '0') where key = 'saved :u';
release one;
commit;

-- op caught_errors 2
do $$
begin
    for i in 1..3 loop
        begin
            insert into shop.setting values ('caught :u', to_jsonb(i));
        exception when unique_violation then
            update shop.setting set value = to_jsonb(i) where key = 'caught :u';
        end;
    end loop;
end $$;

-- op abandoned 2
begin;
update shop.counter set n = -1 where id % :n = :w;
delete from shop.setting where key = 'saved :u';
rollback;

-- op counters 5
insert into shop.counter
select i * :n + :w, 1 from generate_series(1 + :r % 10, 15) i on conflict (id) do update set n = shop.counter.n + 1;

-- op counter_replaced 2
with gone as (delete from shop.counter where id = (select min(id) from shop.counter where id % :n = :w and id > :r % 15)
              returning *)
insert into shop.counter select id, n + 1 from gone;

-- op nothing_changes 2
update shop.counter set n = n where id % :n = :w;

-- op archive_cart 2
with gone as (delete from shop.cart
              where session = (select min(session::text)::uuid from shop.cart where customer_id % :n = :w) returning *)
insert into shop.cart_archive select session, items from gone on conflict (session) do update
   set items = excluded.items;

-- op fill_cart 5
insert into shop.cart values (md5(':w/:r')::uuid, (select min(id) from shop.customer where id % :n = :w), '[":u"]')
on conflict (session) do update set items = shop.cart.items || excluded.items, touched_at = now();

-- op review 3
insert into shop.review select c.id, p.sku, 1 + :r % 5, 'written by :w'
from (select id from shop.customer where id % :n = :w and id >= :r % 3000 order by id limit 1) c,
     (select sku from shop.product
      where abs(hashtext(title)) % :n = :w and sku >= 'SKU-' || lpad((:r % 3000)::text, 6, '0') order by sku limit 2) p
on conflict do nothing;

-- op swap_categories 2
begin;
select pg_advisory_xact_lock(2);
update shop.category c set position = case c.id when a.id then b.position else a.position end
from (select id, position from shop.category where id >= :r % 150 order by id limit 1) a,
     (select id, position from shop.category where id >= :r % 150 + 20 order by id limit 1) b
where c.id in (a.id, b.id) and a.id <> b.id;
commit;

-- op new_category 1
begin;
select pg_advisory_xact_lock(2);
insert into shop.category (parent_id, name, position)
select (select id from shop.category order by id offset 5 limit 1), 'sub :u', coalesce(max(position), 0) + 1
from shop.category;
commit;

-- op stock_taking 1
update shop.stock set quantity = quantity + 1 where warehouse_id = 1 + :w % 2 and sku like '%7'
    and abs(hashtext((select p.title from shop.product p where p.sku = stock.sku))) % :n = :w;
insert into shop.stock_move (warehouse_id, sku, quantity) values (1 + :w % 2, 'all 7', 1);

-- op measure 3
update shop.measurement set double = double + 1, single = -single, exact = exact * 2 - 1,
    day = case when isfinite(day) then day + 1 else day end
where id % :n = :w and id between :r % 2000 and :r % 2000 + 3 and abs(coalesce(nullif(exact, 'NaN'), 0)) < 1e40;

-- op zoo 2
update shop.type_zoo set c_circle = circle(point(:r, 0.1), :r % 9), c_matrix = array[[:r]], c_json = '{ "n":  :r }',
    c_states = '{}', c_char = 'x'
where id % :n = :w and id between :r % 1500 and :r % 1500 + 2;

-- op staff 2
begin;
select pg_advisory_xact_lock(3);
insert into "Back Office"."Staff.Member" ("Full Name", "Boss")
values ('Hired :u', (select max("Member Id") from "Back Office"."Staff.Member"));
update "Back Office"."Staff.Member" set "salary.monthly" = :r % 9000, "select" = null where "Member Id" = 1 + :r % 500;
insert into "Back Office"."Shift Plan" values (date '2030-01-01' + :r % 3000, 1 + :r % 500, 'empty')
    on conflict do nothing;
commit;

-- op shift_swap 1
update "Back Office"."Shift Plan" set "Day" = "Day" + 10000, "Hours" = '[1,5)' where ("Day", "Member Id") =
    (select "Day", "Member Id" from "Back Office"."Shift Plan" s where "Member Id" % :n = :w and "Day" < '2040-01-01'
     and not exists (select from "Back Office"."Shift Plan" moved where moved."Day" = s."Day" + 10000
                     and moved."Member Id" = s."Member Id") order by md5("Day"::text || "Member Id") limit 1);
