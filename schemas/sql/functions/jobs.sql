-- jobs.sql: the ready queue beside its claims.
SET search_path = ledger;

-- What a barrier of p_world waits for: the earliest world time of any job, held ones among them; where
-- that has come, the first parked job of these shards, and in how many microseconds the next delayed one
-- may run (0: none).
CREATE FUNCTION due(p_shards int[], p_world bigint, OUT next_due bigint, OUT parked_owner int,
                    OUT parked_instance bigint, OUT parked_version bigint, OUT parked_ordinal int,
                    OUT parked_reason text, OUT next_run_us bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
  SELECT min(x.world_at) INTO next_due FROM unnest(p_shards) AS s (id)
   CROSS JOIN LATERAL (VALUES (s.id), (-1 - s.id)) AS q (id)
   CROSS JOIN LATERAL (SELECT j.world_at FROM job j WHERE j.shard = q.id ORDER BY j.world_at LIMIT 1) AS x;
  next_due := coalesce(next_due, 9223372036854775807);
  next_run_us := 0;
  IF next_due <= p_world THEN
    SELECT j.owner, j.instance, j.version, j.ordinal, j.parked
      INTO parked_owner, parked_instance, parked_version, parked_ordinal, parked_reason
      FROM job j WHERE j.shard = ANY (p_shards) AND j.world_at <= p_world AND j.parked IS NOT NULL
     ORDER BY j.world_at LIMIT 1;
    SELECT coalesce(min(greatest((extract(epoch FROM j.run_at - clock_timestamp()) * 1000000)::bigint, 1)), 0)
      INTO next_run_us
      FROM job j WHERE j.shard = ANY (p_shards) AND j.world_at <= p_world AND j.parked IS NULL
       AND j.token IS NULL AND j.run_at > clock_timestamp();
  END IF;
END $$;

-- The earliest world time of any job that nobody holds, parked ones among them; none: the end of time.
CREATE FUNCTION next_unheld(p_shards int[]) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
  RETURN coalesce((
    SELECT min(x.world_at) FROM unnest(p_shards) AS s (id)
     CROSS JOIN LATERAL (VALUES (s.id), (-1 - s.id)) AS q (id)
     CROSS JOIN LATERAL (SELECT j.world_at FROM job j WHERE j.shard = q.id AND j.token IS NULL
                          ORDER BY j.world_at LIMIT 1) AS x),
    9223372036854775807);
END $$;

-- What is leased, with its token: for a broker that has just taken these shards.
CREATE FUNCTION leased(p_shards int[]) RETURNS SETOF leased_job LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event,
         j.world_at, j.attempt, j.tries, j.token
    FROM job j JOIN shard h ON h.id = j.shard
   WHERE j.shard = ANY (p_shards) AND j.token IS NOT NULL;
$$;

-- Back to the queue, or parked with a reason, where the token still stands. Durable: a park must not be
-- forgotten.
CREATE FUNCTION give_back(p_owner int[], p_instance bigint[], p_version bigint[], p_ordinal int[],
                          p_token uuid[], p_reason text[], p_delay_ms bigint[], p_park boolean[],
                          p_counts boolean[], p_class text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM 1 FROM job j
   WHERE (j.owner, j.instance, j.version, j.ordinal) IN (
           SELECT * FROM unnest(p_owner, p_instance, p_version, p_ordinal))
   ORDER BY j.owner, j.instance, j.version, j.ordinal FOR UPDATE;
  UPDATE job j SET token = NULL, broker = NULL, last_error = f.reason, tries = j.tries + f.counts::int,
                   error_class = nullif(f.class, ''),
                   run_at = clock_timestamp() + f.delay_ms * interval '1 millisecond',
                   parked = CASE WHEN f.park THEN f.reason END
    FROM unnest(p_owner, p_instance, p_version, p_ordinal, p_token, p_reason, p_delay_ms, p_park, p_counts,
                p_class)
         AS f (owner, instance, version, ordinal, token, reason, delay_ms, park, counts, class)
   WHERE j.owner = f.owner AND j.instance = f.instance AND j.version = f.version AND j.ordinal = f.ordinal
     AND j.token = f.token;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;

-- A durable event for a live instance: job (instance, its version now, ordinal from 1000 up). False when
-- unknown or final.
CREATE FUNCTION submit_event(p_owner int, p_instance bigint, p_event text, p_world bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.is_event
                AND j.command = p_event) THEN
    RETURN true;                       -- asked before, still waiting
  END IF;
  INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at, run_at)
  SELECT i.owner, i.id, i.version,
         1000 + coalesce((SELECT max(j.ordinal) - 999 FROM job j WHERE j.owner = i.owner AND j.instance = i.id
                                                       AND j.version = i.version AND j.ordinal >= 1000), 0),
         o.shard, i.kind, p_event, true, p_world, clock_timestamp()
    FROM instance i JOIN owner o ON o.id = i.owner
   WHERE i.owner = p_owner AND i.id = p_instance AND NOT i.is_final;
  RETURN FOUND;
END $$;

-- Timers are jobs of a world time after p_world; ready ones wait for a worker alone.
CREATE FUNCTION job_counts(p_world bigint, OUT ready bigint, OUT timers bigint, OUT leased bigint,
                           OUT delayed bigint, OUT parked bigint, OUT held bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0
                          AND j.run_at <= clock_timestamp() AND j.world_at <= p_world),
         count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0
                          AND j.run_at <= clock_timestamp() AND j.world_at > p_world),
         count(*) FILTER (WHERE j.token IS NOT NULL),
         count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0
                          AND j.run_at > clock_timestamp()),
         count(*) FILTER (WHERE j.parked IS NOT NULL),
         count(*) FILTER (WHERE j.parked IS NULL AND j.shard < 0) FROM job j;
$$;

-- Puts up to p_limit held jobs that no pause stops any more back where claims look; how many there were.
CREATE FUNCTION free_held(p_limit int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  freed bigint;
BEGIN
  WITH free AS MATERIALIZED (
    SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
     WHERE j.shard < 0 AND NOT is_halted(j.owner, j.kind, j.instance) LIMIT p_limit FOR UPDATE SKIP LOCKED)
  UPDATE job j SET shard = -1 - j.shard
    FROM free f
   WHERE j.owner = ANY (ARRAY[f.owner]) AND j.instance = f.instance AND j.version = f.version
     AND j.ordinal = f.ordinal;
  GET DIAGNOSTICS freed = ROW_COUNT;
  RETURN freed;
END $$;

-- Whether the request of an order that stands as sent may leave now: as the machine judged before it said
-- so (workers/handlers/order). For a worker that could not send at once.
CREATE FUNCTION may_send(p_owner int, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM instance i JOIN control c ON c.owner = i.owner JOIN control g ON g.owner = 0
                  CROSS JOIN LATERAL (SELECT stronger_freeze(g.frozen, c.frozen) AS frozen) AS f
                  WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'order' AND i.state = 'sent'
                    AND f.frozen <> 'all'
                    AND (i.data::json ->> 'side' <> 'buy' OR f.frozen = 'no'
                         AND NOT is_paused(i.owner, i.sleeve))
                    AND NOT EXISTS (SELECT FROM pause p
                                     WHERE p.owner = i.owner AND (p.scope = 'kind' AND p.target = i.kind
                                       OR p.scope = 'instance' AND p.target = i.id::text)));
$$;
