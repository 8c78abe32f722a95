-- Gives a migrated database a history of :postings postings or a round more, each made by ledger.commit itself as the house makes it: 20,000 instances
-- of eight owners on eight shards, 100 steps in a call, births first. They are sleeve cycles, paused and resumed in turn and paused at
-- the end: verification knows each step by the table of its machine, so a machine of the benchmark's own would be found out.
SET search_path = ledger;
SET plan_cache_mode = force_generic_plan;
SET synchronous_commit = off;
SET jit = off;
INSERT INTO asset (id, code, scale) VALUES (1, 'USDT', 8);
INSERT INTO owner (id, name, shard) SELECT o, 'owner ' || o, o - 1 FROM generate_series(1, 8) AS o;
INSERT INTO control (owner) SELECT o FROM generate_series(1, 8) AS o;
INSERT INTO account (owner, id, asset, path, limited)
SELECT 1 + (a - 1) / 12500, a, 1, 'drill/' || a, false FROM generate_series(1, 100000) AS a;
SELECT setval('account_id', 1000000) \gset

-- 100 births of owner o.
CREATE PROCEDURE pg_temp.give_birth(o int) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger.commit(false, o - 1, 0, array_fill(o, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(0::bigint, ARRAY[100]),
    array_fill(0, ARRAY[100]), array_fill(NULL::uuid, ARRAY[100]), array_fill(''::text, ARRAY[100]), array_fill(0::bigint, ARRAY[100]),
    array_fill(1000::bigint, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_agg(i),
    array_agg(i), array_fill(0::bigint, ARRAY[100]), array_fill(1, ARRAY[100]), array_fill('sleeve_cycle'::text, ARRAY[100]), array_fill(1, ARRAY[100]),
    array_fill(0::bigint, ARRAY[100]), array_fill(''::text, ARRAY[100]), array_fill('watching'::text, ARRAY[100]), array_fill('start'::text, ARRAY[100]),
    array_fill('none'::text, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(false, ARRAY[100]),
    array_fill('{}'::text, ARRAY[100]), array_fill('born(0,0,1)'::text, ARRAY[100]),
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')
    FROM generate_series(1, 100) AS i;
END $$;

-- One step of each of these 100 cycles, from `at` to `at` + 1.
CREATE PROCEDURE pg_temp.step(o int, cycles bigint[], at bigint) LANGUAGE plpgsql AS $$
DECLARE
  is_pause boolean := at % 2 = 1;
  before   text := CASE WHEN is_pause THEN 'watching' ELSE 'paused' END;
  after    text := CASE WHEN is_pause THEN 'paused' ELSE 'watching' END;
  event    text := CASE WHEN is_pause THEN 'pause' ELSE 'resume' END;
  command  text := CASE WHEN is_pause THEN 'none' ELSE 'evaluate' END;
  jobs     text := CASE WHEN is_pause THEN '' ELSE 'evaluate@' || 1000 * at END;
BEGIN
  PERFORM ledger.commit(false, o - 1, 0, array_fill(o, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(0::bigint, ARRAY[100]),
    array_fill(0, ARRAY[100]), array_fill(NULL::uuid, ARRAY[100]), array_fill(''::text, ARRAY[100]), array_fill(0::bigint, ARRAY[100]),
    array_fill(1000 * at, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_agg(d.i ORDER BY d.i),
    array_agg(d.i ORDER BY d.i), cycles, array_fill(0, ARRAY[100]), array_fill('sleeve_cycle'::text, ARRAY[100]), array_fill(1, ARRAY[100]),
    array_fill(at, ARRAY[100]), array_fill(before, ARRAY[100]), array_fill(after, ARRAY[100]), array_fill(event, ARRAY[100]),
    array_fill(command, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(false, ARRAY[100]),
    array_fill('{}'::text, ARRAY[100]), array_fill(jobs, ARRAY[100]),
    array_agg(d.i ORDER BY d.i), array_fill(1, ARRAY[100]), array_fill('single'::text, ARRAY[100]),
    array_agg((o - 1) * 12500 + 1 + d.debit ORDER BY d.i), array_agg((o - 1) * 12500 + 1 + (d.debit + 1 + d.step) % 12500 ORDER BY d.i),
    array_fill(1, ARRAY[100]), array_agg((1 + d.step)::numeric ORDER BY d.i), array_fill('pause'::text, ARRAY[100]),
    array_fill(0::bigint, ARRAY[100]), array_fill(0::bigint, ARRAY[100]), array_fill(0, ARRAY[100]),
    '{}', '{}', '{}', '{}', '{}', '{}')
    FROM (SELECT x.i::int AS i, (hashint8extended(x.id * 1000 + at, 1) & 1073741823) % 12500 AS debit,
                 (hashint8extended(x.id * 1000 + at, 2) & 1073741823) % 12499 AS step
            FROM unnest(cycles) WITH ORDINALITY AS x (id, i)) AS d;
END $$;

CREATE PROCEDURE pg_temp.bear() LANGUAGE plpgsql AS $$
BEGIN
  FOR o IN 1..8 LOOP
    FOR n IN 1..25 LOOP
      CALL pg_temp.give_birth(o);
      COMMIT;
    END LOOP;
    ANALYZE instance, transition, account, link;  -- plans of an empty table would go through the wrong index
  END LOOP;
END $$;

-- Whole rounds, of which the last one pauses: a cycle that watches would need its job.
CREATE PROCEDURE pg_temp.live(postings bigint) LANGUAGE plpgsql AS $$
DECLARE
  cycles bigint[];
  at     bigint := 0;
BEGIN
  WHILE at * 20000 < postings OR at % 2 = 0 LOOP
    at := at + 1;
    FOR o IN 1..8 LOOP
      FOR n IN 0..24 LOOP
        SELECT array_agg(x.id ORDER BY x.id) INTO cycles FROM (SELECT id FROM ledger.instance WHERE owner = o ORDER BY id OFFSET n * 100 LIMIT 100) AS x;
        CALL pg_temp.step(o, cycles, at);
        COMMIT;
      END LOOP;
    END LOOP;
    IF at < 4 THEN
      ANALYZE;
    END IF;
  END LOOP;
END $$;
CALL pg_temp.bear();
CALL pg_temp.live(:postings);
