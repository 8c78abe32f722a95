-- 0016: one index for what lies behind a backlog, where 0013 had two: every job is written, moved by its claim and deleted in each index, for
-- every step of the house. By shard, owner and command: an owner's jobs are merged from those of its few commands, urgent ones are looked up
-- owner by owner. And a cheaper claim.
SET search_path = ledger;

DROP INDEX job_lane;
DROP INDEX job_command;
-- "+ 0": see 0013. The order of an owner's commands, and of the jobs of each.
CREATE INDEX job_lane ON job (shard, (owner + 0), command COLLATE "C", (world_at + 0));

CREATE TYPE job_name AS (owner int, instance bigint, version bigint, ordinal int, world_at bigint);

-- The oldest p_limit jobs that may run, of one command of an owner; p_kind '': of any kind.
CREATE FUNCTION lane_head(p_shard int, p_owner int, p_kind text, p_command text, p_world bigint, p_limit int)
RETURNS SETOF job_name LANGUAGE plpgsql STABLE
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
  RETURN QUERY
  SELECT j.owner, j.instance, j.version, j.ordinal, j.world_at FROM job j
   WHERE j.shard = p_shard AND j.owner + 0 = p_owner AND j.command COLLATE "C" = p_command AND j.world_at + 0 <= p_world AND j.token IS NULL
     AND j.parked IS NULL AND j.run_at <= clock_timestamp() AND (p_kind = '' OR j.kind = p_kind)
   ORDER BY j.world_at + 0 LIMIT p_limit;
END $$;

-- The same of an owner's commands together: the oldest first.
CREATE FUNCTION lane_of(p_shard int, p_owner int, p_world bigint, p_limit int) RETURNS SETOF job_name LANGUAGE plpgsql STABLE
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  command_ text := '';
  heads    job_name[] := '{}';
BEGIN
  LOOP
    SELECT j.command INTO command_ FROM job j WHERE j.shard = p_shard AND j.owner + 0 = p_owner AND j.command COLLATE "C" > command_
     ORDER BY j.command COLLATE "C" LIMIT 1;
    EXIT WHEN command_ IS NULL;
    heads := heads || ARRAY(SELECT h FROM lane_head(p_shard, p_owner, '', command_, p_world, p_limit) AS h);
  END LOOP;
  RETURN QUERY SELECT h.* FROM unnest(heads) AS h ORDER BY h.world_at LIMIT p_limit;
END $$;

-- Leases these jobs, but for those that somebody else has taken or holds at this moment.
CREATE FUNCTION lease(p_jobs job_name[], p_broker text) RETURNS SETOF leased_job LANGUAGE plpgsql
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT k.* FROM unnest(p_jobs) AS w
     CROSS JOIN LATERAL (
       SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
        WHERE j.owner = w.owner AND j.instance = w.instance AND j.version = w.version AND j.ordinal = w.ordinal AND j.token IS NULL
          AND j.parked IS NULL FOR UPDATE SKIP LOCKED) AS k)
  UPDATE job j SET token = new_token(), attempt = j.attempt + 1, broker = p_broker
    FROM picked p, shard h
   WHERE j.owner = p.owner AND j.instance = p.instance AND j.version = p.version AND j.ordinal = p.ordinal AND h.id = j.shard
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event, j.world_at, j.attempt, j.tries, j.token;
END $$;

CREATE OR REPLACE FUNCTION claim_of(p_shards int[], p_owners int[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY SELECT l.* FROM lease(ARRAY(SELECT n FROM unnest(p_shards, p_owners) AS s (shard, owner)
                                            CROSS JOIN LATERAL lane_of(s.shard, s.owner, p_world, p_limit) AS n), p_broker) AS l;
END $$;

-- Owners in the order of their ids from one drawn by lot on, around once but 256 at most, so that none is always the last and none is looked at
-- for long: of each command the first p_limit jobs that are met, an owner's oldest first.
CREATE OR REPLACE FUNCTION claim_urgent(p_shards int[], p_kinds text[], p_commands text[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  first  int;
  owner_ int;
  turns  int;
  looks  int;
  found_ job_name[] := '{}';
  heads  job_name[];
  counts int[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR at IN 1 .. cardinality(p_shards) LOOP
    SELECT (random() * j.owner)::int INTO first FROM job j WHERE j.shard = p_shards[at] ORDER BY j.owner + 0 DESC LIMIT 1;
    owner_ := first; turns := 0; looks := 0; counts := array_fill(0, ARRAY[cardinality(p_commands)]);
    LOOP
      SELECT j.owner INTO owner_ FROM job j WHERE j.shard = p_shards[at] AND j.owner + 0 > owner_ ORDER BY j.owner + 0 LIMIT 1;
      IF owner_ IS NULL THEN                   -- around once
        turns := turns + 1;
        owner_ := -1;
        EXIT WHEN turns = 2;
        CONTINUE;
      END IF;
      EXIT WHEN turns = 1 AND owner_ > first OR looks = 256 OR p_limit <= ALL (counts);
      looks := looks + 1;
      FOR c IN 1 .. cardinality(p_commands) LOOP
        CONTINUE WHEN counts[c] >= p_limit;
        heads := ARRAY(SELECT h FROM lane_head(p_shards[at], owner_, p_kinds[c], p_commands[c], p_world, p_limit - counts[c]) AS h);
        counts[c] := counts[c] + cardinality(heads);
        found_ := found_ || heads;
      END LOOP;
    END LOOP;
  END LOOP;
  RETURN QUERY SELECT l.* FROM lease(found_, p_broker) AS l;
END $$;

REVOKE ALL ON FUNCTION lane_head(int, int, text, text, bigint, int), lane_of(int, int, bigint, int), lease(job_name[], text) FROM PUBLIC;

-- As 0003's: the epoch is read once for a shard, not for each job (the row of a busy shard has many versions); a job that was just locked is
-- found again by its place; and the tokens of one claim are 128 bits each of SHA-256 over two random UUIDs, drawn for the claim, and a number.
CREATE OR REPLACE FUNCTION claim(p_shards int[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  seed bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT p.place, h.epoch FROM unnest(p_shards) AS s (id) JOIN shard h ON h.id = s.id
     CROSS JOIN LATERAL (
       SELECT j.ctid AS place FROM job j
        WHERE j.shard = s.id AND j.world_at <= p_world AND j.token IS NULL AND j.parked IS NULL AND j.run_at <= clock_timestamp()
        ORDER BY j.world_at LIMIT p_limit FOR UPDATE SKIP LOCKED) AS p)
  UPDATE job j SET token = encode(substring(sha256(seed || int8send(p.n)) FOR 16), 'hex')::uuid, attempt = j.attempt + 1, broker = p_broker
    FROM (SELECT x.*, row_number() OVER () AS n FROM picked x) AS p
   WHERE j.ctid = p.place
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, p.epoch, j.kind, j.command, j.is_event, j.world_at, j.attempt, j.tries, j.token;
END $$;
