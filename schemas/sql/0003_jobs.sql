-- 0003: the ready queue as brokers use it: claim, due, give back, submit. Claims skip locked rows and lock nothing but jobs.
-- Limits and fairness are the broker's (dispatch), never the claim query's. Plans are made once per session, perhaps while the tables
-- are still empty: only key lookups are allowed, or a scan of an empty table stays the plan for a full one.
SET search_path = ledger;

-- 128 random bits: never a counter, which a crash after an asynchronous claim would mint twice.
CREATE FUNCTION new_token() RETURNS uuid LANGUAGE sql VOLATILE AS
$$ SELECT encode(substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FOR 16), 'hex')::uuid $$;

CREATE TYPE leased_job AS (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text, command text,
                           is_event boolean, world_at bigint, attempt int, tries int, token uuid);

-- Up to p_limit jobs of each shard whose world time and wall time have come, oldest world time first.
CREATE FUNCTION claim(p_shards int[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT p.* FROM unnest(p_shards) AS s (id)
     CROSS JOIN LATERAL (
       SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
        WHERE j.shard = s.id AND j.world_at <= p_world AND j.token IS NULL AND j.parked IS NULL AND j.run_at <= clock_timestamp()
        ORDER BY j.world_at LIMIT p_limit FOR UPDATE SKIP LOCKED) AS p)
  UPDATE job j SET token = new_token(), attempt = j.attempt + 1, broker = p_broker
    FROM picked p, shard h
   WHERE j.owner = p.owner AND j.instance = p.instance AND j.version = p.version AND j.ordinal = p.ordinal AND h.id = j.shard
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event, j.world_at, j.attempt, j.tries, j.token;
END $$;

-- What stands in the way of world time passing p_world: the earliest open job, a parked one, and how long (wall microseconds) until
-- the next delayed one may run, 0 when none is delayed.
CREATE FUNCTION due(p_shards int[], p_world bigint, OUT next_due bigint, OUT parked_owner int, OUT parked_instance bigint,
                    OUT parked_version bigint, OUT parked_ordinal int, OUT parked_reason text, OUT next_run_us bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  SELECT min(x.world_at) INTO next_due FROM unnest(p_shards) AS s (id)
   CROSS JOIN LATERAL (SELECT j.world_at FROM job j WHERE j.shard = s.id ORDER BY j.world_at LIMIT 1) AS x;
  next_due := coalesce(next_due, 9223372036854775807);
  next_run_us := 0;
  IF next_due <= p_world THEN
    SELECT j.owner, j.instance, j.version, j.ordinal, j.parked INTO parked_owner, parked_instance, parked_version, parked_ordinal, parked_reason
      FROM job j WHERE j.shard = ANY (p_shards) AND j.world_at <= p_world AND j.parked IS NOT NULL ORDER BY j.world_at LIMIT 1;
    SELECT coalesce(min(greatest((extract(epoch FROM j.run_at - clock_timestamp()) * 1000000)::bigint, 1)), 0) INTO next_run_us
      FROM job j WHERE j.shard = ANY (p_shards) AND j.world_at <= p_world AND j.parked IS NULL AND j.token IS NULL AND j.run_at > clock_timestamp();
  END IF;
END $$;

-- The earliest world time of any job that nobody holds, parked ones among them; none: the end of time.
CREATE FUNCTION next_unheld(p_shards int[]) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  RETURN coalesce((SELECT min(x.world_at) FROM unnest(p_shards) AS s (id)
    CROSS JOIN LATERAL (SELECT j.world_at FROM job j WHERE j.shard = s.id AND j.token IS NULL ORDER BY j.world_at LIMIT 1) AS x),
    9223372036854775807);
END $$;

CREATE FUNCTION leased(p_shards int[]) RETURNS SETOF leased_job LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event, j.world_at, j.attempt, j.tries, j.token
    FROM job j JOIN shard h ON h.id = j.shard
   WHERE j.shard = ANY (p_shards) AND j.token IS NOT NULL;
$$;

-- Back to the queue, or parked with a reason, where the token still stands. Durable: a park must not be forgotten.
CREATE FUNCTION give_back(p_owner int[], p_instance bigint[], p_version bigint[], p_ordinal int[], p_token uuid[], p_reason text[],
                          p_delay_ms bigint[], p_park boolean[], p_counts boolean[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM 1 FROM job j
   WHERE (j.owner, j.instance, j.version, j.ordinal) IN (SELECT * FROM unnest(p_owner, p_instance, p_version, p_ordinal))
   ORDER BY j.owner, j.instance, j.version, j.ordinal FOR UPDATE;
  UPDATE job j SET token = NULL, broker = NULL, last_error = f.reason, tries = j.tries + f.counts::int,
                   run_at = clock_timestamp() + f.delay_ms * interval '1 millisecond', parked = CASE WHEN f.park THEN f.reason END
    FROM unnest(p_owner, p_instance, p_version, p_ordinal, p_token, p_reason, p_delay_ms, p_park, p_counts)
         AS f (owner, instance, version, ordinal, token, reason, delay_ms, park, counts)
   WHERE j.owner = f.owner AND j.instance = f.instance AND j.version = f.version AND j.ordinal = f.ordinal AND j.token = f.token;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;

-- A durable event for a live instance: job (instance, its version now, ordinal from 1000 up). False when unknown or final.
CREATE FUNCTION submit_event(p_owner int, p_instance bigint, p_event text, p_world bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.is_event AND j.command = p_event) THEN
    RETURN true;                       -- asked before, still waiting
  END IF;
  INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at)
  SELECT i.owner, i.id, i.version, 1000 + coalesce((SELECT max(j.ordinal) - 999 FROM job j WHERE j.owner = i.owner AND j.instance = i.id
                                                       AND j.version = i.version AND j.ordinal >= 1000), 0),
         o.shard, i.kind, p_event, true, p_world
    FROM instance i JOIN owner o ON o.id = i.owner
   WHERE i.owner = p_owner AND i.id = p_instance AND NOT i.is_final;
  RETURN FOUND;
END $$;

-- A broker takes the shards over; leases of the earlier epoch are dead from here. Durable before it returns.
CREATE FUNCTION own_shards(p_broker text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM 1 FROM shard ORDER BY id FOR UPDATE;
  UPDATE shard SET epoch = (SELECT max(epoch) FROM shard) + 1, broker = p_broker;
  RETURN (SELECT max(epoch) FROM shard);
END $$;

-- Timers are jobs of a world time after p_world; ready ones wait for a worker alone.
CREATE FUNCTION job_counts(p_world bigint, OUT ready bigint, OUT timers bigint, OUT leased bigint, OUT delayed bigint, OUT parked bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.run_at <= clock_timestamp() AND j.world_at <= p_world),
         count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.run_at <= clock_timestamp() AND j.world_at > p_world),
         count(*) FILTER (WHERE j.token IS NOT NULL),
         count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.run_at > clock_timestamp()),
         count(*) FILTER (WHERE j.parked IS NOT NULL) FROM job j;
$$;

-- Non-terminal instances that nothing will ever move: no job (ready, leased, parked or timer) and no live child.
CREATE FUNCTION stranded() RETURNS TABLE (owner int, instance bigint, kind text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT i.owner, i.id, i.kind, i.state FROM instance i
   WHERE NOT i.is_final
     AND NOT EXISTS (SELECT FROM job j WHERE j.owner = i.owner AND j.instance = i.id)
     AND NOT EXISTS (SELECT FROM instance c WHERE c.owner = i.owner AND c.parent = i.id AND NOT c.is_final);
$$;
