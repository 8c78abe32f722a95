-- Seeds a migrated database for the benchmarks: :owners owners on as many shards, 80,000 drill instances and 100,000
-- accounts in all. Instance ids run from 1; those of owner o are (o-1)*80000/:owners + 1 .. o*80000/:owners; accounts
-- likewise. The first :waiting instances have a job with :command. :leased true: each job is held under the lease token
-- that commit_one.pgbench names; false: it waits for a broker.
SET search_path = ledger;
INSERT INTO asset (id, code, scale) VALUES (1, 'USDT', 8);
INSERT INTO owner (id, name, shard) SELECT o, 'owner ' || o, o - 1 FROM generate_series(1, :owners) AS o;
INSERT INTO control (owner) SELECT o FROM generate_series(1, :owners) AS o;
INSERT INTO account (owner, id, asset, path, limited)
SELECT 1 + (a - 1) * :owners / 100000, a, 1, 'drill/' || a, false FROM generate_series(1, 100000) AS a;
INSERT INTO instance (owner, id, kind, machine_version, state, version, is_final, data)
SELECT 1 + (i - 1) * :owners / 80000, i, 'drill', 1, 'tick', 1, false, '{}' FROM generate_series(1, 80000) AS i;
INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, world_at, token)
SELECT i.owner, i.id, 1, 0, o.shard, 'drill', :'command', 0, CASE WHEN :leased THEN md5(i.id || ':1')::uuid END
  FROM instance i JOIN owner o ON o.id = i.owner WHERE i.id <= :waiting;
-- Beside them :resting instances that wait for a timer far away, as most of a house does. Not of our eighty thousand.
INSERT INTO instance (owner, id, kind, machine_version, state, version, is_final, data)
SELECT 1 + (i - 1) % :owners, 2000000 + i, 'drill', 1, 'tick', 1, false, '{}' FROM generate_series(1, :resting) AS i;
INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, world_at)
SELECT 1 + (i - 1) % :owners, 2000000 + i, 1, 0, (i - 1) % :owners, 'drill', 'turn', 4000000000000000 FROM generate_series(1, :resting) AS i;
SELECT setval('instance_id', 1000000), setval('account_id', 1000000);
