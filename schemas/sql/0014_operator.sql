-- 0014: what an operator does: looks at jobs and orders them again, parks or cancels them; stops the dispatch of an instance or of a kind,
-- timers kept; moves instances to a new version of their machine; and counts what nothing will ever move, a slice at a time.
-- Each order is history: an instance of the machine `intervention`, in the chain with what it did.
SET search_path = ledger;

ALTER TABLE job ADD COLUMN error_class text;   -- of the last failure: a CallError; null where it was none

-- `kind` and `instance` stop dispatch; the others forbid new buys.
ALTER TABLE pause DROP CONSTRAINT pause_scope_check,
  ADD CONSTRAINT pause_scope_check CHECK (scope IN ('owner', 'venue', 'vault', 'sleeve', 'kind', 'instance'));

-- Versions of machines after the first that instances are pinned to. While it is empty nobody has to look an instance's version up.
CREATE TABLE machine_pin (
  kind    text NOT NULL,
  version int NOT NULL CHECK (version > 1),
  PRIMARY KEY (kind, version)
);

-- A pass over all live instances goes by this key, slice by slice; children are looked up by their parent.
DROP INDEX instance_live;
CREATE INDEX instance_live ON instance (owner, kind, id) WHERE NOT is_final;
CREATE INDEX instance_children ON instance (owner, parent) WHERE NOT is_final AND parent <> 0;

-- ---- pauses that stop dispatch
--
-- A job that a pause stops is *held*: it stands in the queue of shard -1 - shard, where no claim looks, so that held jobs cost claims nothing.
-- Nobody moves them there but a claim that comes upon them (at most so many as it claims) and the pause itself, for what is leased.

CREATE FUNCTION is_halted(p_owner int, p_kind text, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p WHERE p.owner = p_owner
                    AND (p.scope = 'kind' AND p.target = p_kind OR p.scope = 'instance' AND p.target = p_instance::text));
$$;

-- Of these jobs, just claimed, those that no pause stops, each with the version of its instance's machine; the others go aside. Where nothing
-- is paused and nothing pinned, all of them as they are.
CREATE FUNCTION sift(p_got leased_job[])
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text, command text, is_event boolean,
               world_at bigint, attempt int, tries int, token uuid, machine_version int)
LANGUAGE plpgsql SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH asked AS MATERIALIZED (
    SELECT g.*, coalesce(i.machine_version, 1) AS pinned, is_halted(g.owner, g.kind, g.instance) AS is_halted
      FROM unnest(p_got) AS g
      LEFT JOIN LATERAL (SELECT x.machine_version FROM instance x WHERE x.owner = g.owner AND x.id = g.instance OFFSET 0) AS i ON true),
  aside AS (
    UPDATE job j SET token = NULL, broker = NULL, attempt = j.attempt - 1, shard = -1 - j.shard
      FROM asked a
     WHERE a.is_halted AND j.owner = ANY (ARRAY[a.owner]) AND j.instance = a.instance AND j.version = a.version AND j.ordinal = a.ordinal)
  SELECT a.owner, a.instance, a.version, a.ordinal, a.shard, a.epoch, a.kind, a.command, a.is_event, a.world_at, a.attempt, a.tries, a.token,
         a.pinned FROM asked a WHERE NOT a.is_halted;
END $$;

CREATE FUNCTION has_exceptions() RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p WHERE p.scope IN ('kind', 'instance')) OR EXISTS (SELECT FROM machine_pin);
$$;

-- Claims, sifted. The shared lock and the later look at the pauses make a pause that has returned be seen: its own lock waits for the claims
-- that were under way.
CREATE FUNCTION take(p_shards int[], p_world bigint, p_limit int, p_broker text)
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text, command text, is_event boolean,
               world_at bigint, attempt int, tries int, token uuid, machine_version int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  got leased_job[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7004, 0);
  IF NOT has_exceptions() THEN
    RETURN QUERY SELECT c.*, 1 FROM claim(p_shards, p_world, p_limit, p_broker) AS c;
    RETURN;
  END IF;
  FOR round IN 1..16 LOOP                      -- past a backlog that is held, in bounded work
    SELECT array_agg(c) INTO got FROM claim(p_shards, p_world, p_limit, p_broker) AS c;
    EXIT WHEN got IS NULL;
    RETURN QUERY SELECT s.* FROM sift(got) AS s;
    EXIT WHEN FOUND;
  END LOOP;
END $$;

CREATE FUNCTION take_of(p_shards int[], p_owners int[], p_world bigint, p_limit int, p_broker text)
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text, command text, is_event boolean,
               world_at bigint, attempt int, tries int, token uuid, machine_version int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7004, 0);
  IF has_exceptions() THEN
    RETURN QUERY SELECT s.* FROM sift(ARRAY(SELECT c FROM claim_of(p_shards, p_owners, p_world, p_limit, p_broker) AS c)) AS s;
  ELSE
    RETURN QUERY SELECT c.*, 1 FROM claim_of(p_shards, p_owners, p_world, p_limit, p_broker) AS c;
  END IF;
END $$;

CREATE FUNCTION take_urgent(p_shards int[], p_kinds text[], p_commands text[], p_world bigint, p_limit int, p_broker text)
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text, command text, is_event boolean,
               world_at bigint, attempt int, tries int, token uuid, machine_version int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7004, 0);
  IF has_exceptions() THEN
    RETURN QUERY SELECT s.* FROM sift(ARRAY(SELECT c FROM claim_urgent(p_shards, p_kinds, p_commands, p_world, p_limit, p_broker) AS c)) AS s;
  ELSE
    RETURN QUERY SELECT c.*, 1 FROM claim_urgent(p_shards, p_kinds, p_commands, p_world, p_limit, p_broker) AS c;
  END IF;
END $$;

-- As before (0003), and what is held stands in the way too.
CREATE OR REPLACE FUNCTION due(p_shards int[], p_world bigint, OUT next_due bigint, OUT parked_owner int, OUT parked_instance bigint,
                    OUT parked_version bigint, OUT parked_ordinal int, OUT parked_reason text, OUT next_run_us bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
SET enable_sort = off AS $$
BEGIN
  SELECT min(x.world_at) INTO next_due FROM unnest(p_shards) AS s (id) CROSS JOIN LATERAL (VALUES (s.id), (-1 - s.id)) AS q (id)
   CROSS JOIN LATERAL (SELECT j.world_at FROM job j WHERE j.shard = q.id ORDER BY j.world_at LIMIT 1) AS x;
  next_due := coalesce(next_due, 9223372036854775807);
  next_run_us := 0;
  IF next_due <= p_world THEN
    SELECT j.owner, j.instance, j.version, j.ordinal, j.parked INTO parked_owner, parked_instance, parked_version, parked_ordinal, parked_reason
      FROM job j WHERE j.shard = ANY (p_shards) AND j.world_at <= p_world AND j.parked IS NOT NULL ORDER BY j.world_at LIMIT 1;
    SELECT coalesce(min(greatest((extract(epoch FROM j.run_at - clock_timestamp()) * 1000000)::bigint, 1)), 0) INTO next_run_us
      FROM job j WHERE j.shard = ANY (p_shards) AND j.world_at <= p_world AND j.parked IS NULL AND j.token IS NULL AND j.run_at > clock_timestamp();
  END IF;
END $$;

CREATE OR REPLACE FUNCTION next_unheld(p_shards int[]) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
SET enable_sort = off AS $$
BEGIN
  RETURN coalesce((SELECT min(x.world_at) FROM unnest(p_shards) AS s (id) CROSS JOIN LATERAL (VALUES (s.id), (-1 - s.id)) AS q (id)
    CROSS JOIN LATERAL (SELECT j.world_at FROM job j WHERE j.shard = q.id AND j.token IS NULL ORDER BY j.world_at LIMIT 1) AS x),
    9223372036854775807);
END $$;

-- Stops an instance or a kind of an owner. When it returns nothing of it is dispatched, and what was leased has lost its lease (its worker's
-- commit is told so), but for orders whose request may have left: those finish. Timers stay. Returns the control's instance, or 0: in force
-- already.
CREATE FUNCTION halt(p_owner int, p_scope text, p_target text, p_who text, p_why text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  IF p_scope NOT IN ('kind', 'instance') THEN
    RAISE EXCEPTION 'a halt is of a kind or an instance, not of a %', p_scope USING ERRCODE = 'BU013';
  END IF;
  PERFORM pg_advisory_xact_lock(7001, p_owner);
  PERFORM pg_advisory_xact_lock(7004, 0);
  IF EXISTS (SELECT FROM pause p WHERE p.owner = p_owner AND p.scope = p_scope AND p.target = p_target) THEN
    RETURN 0;
  END IF;
  PERFORM 1 FROM job j WHERE j.owner = p_owner AND j.token IS NOT NULL
      AND (p_scope = 'kind' AND j.kind = p_target OR p_scope = 'instance' AND j.instance::text = p_target)
    ORDER BY j.owner, j.instance, j.version, j.ordinal FOR UPDATE;
  UPDATE job j SET token = NULL, broker = NULL, shard = -1 - j.shard
   WHERE j.owner = p_owner AND j.token IS NOT NULL AND (p_scope = 'kind' AND j.kind = p_target OR p_scope = 'instance' AND j.instance::text = p_target)
     AND NOT EXISTS (SELECT FROM instance i WHERE i.owner = j.owner AND i.id = j.instance AND i.kind = 'order' AND i.state = 'sent');
  RETURN impose(p_owner, 'pause', p_scope, p_target, '', p_who, p_why);
END $$;

-- Puts up to p_limit held jobs that no pause stops any more back where claims look; how many there were.
CREATE FUNCTION free_held(p_limit int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  freed bigint;
BEGIN
  WITH free AS MATERIALIZED (
    SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
     WHERE j.shard < 0 AND NOT is_halted(j.owner, j.kind, j.instance) LIMIT p_limit FOR UPDATE SKIP LOCKED)
  UPDATE job j SET shard = -1 - j.shard
    FROM free f
   WHERE j.owner = ANY (ARRAY[f.owner]) AND j.instance = f.instance AND j.version = f.version AND j.ordinal = f.ordinal;
  GET DIAGNOSTICS freed = ROW_COUNT;
  RETURN freed;
END $$;

-- ---- failures, by class

DROP FUNCTION give_back(int[], bigint[], bigint[], int[], uuid[], text[], bigint[], boolean[], boolean[]);
CREATE FUNCTION give_back(p_owner int[], p_instance bigint[], p_version bigint[], p_ordinal int[], p_token uuid[], p_reason text[],
                          p_delay_ms bigint[], p_park boolean[], p_counts boolean[], p_class text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM 1 FROM job j
   WHERE (j.owner, j.instance, j.version, j.ordinal) IN (SELECT * FROM unnest(p_owner, p_instance, p_version, p_ordinal))
   ORDER BY j.owner, j.instance, j.version, j.ordinal FOR UPDATE;
  UPDATE job j SET token = NULL, broker = NULL, last_error = f.reason, tries = j.tries + f.counts::int, error_class = nullif(f.class, ''),
                   run_at = clock_timestamp() + f.delay_ms * interval '1 millisecond', parked = CASE WHEN f.park THEN f.reason END
    FROM unnest(p_owner, p_instance, p_version, p_ordinal, p_token, p_reason, p_delay_ms, p_park, p_counts, p_class)
         AS f (owner, instance, version, ordinal, token, reason, delay_ms, park, counts, class)
   WHERE j.owner = f.owner AND j.instance = f.instance AND j.version = f.version AND j.ordinal = f.ordinal AND j.token = f.token;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;

DROP FUNCTION job_counts(bigint);
CREATE FUNCTION job_counts(p_world bigint, OUT ready bigint, OUT timers bigint, OUT leased bigint, OUT delayed bigint, OUT parked bigint,
                           OUT held bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0 AND j.run_at <= clock_timestamp() AND j.world_at <= p_world),
         count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0 AND j.run_at <= clock_timestamp() AND j.world_at > p_world),
         count(*) FILTER (WHERE j.token IS NOT NULL),
         count(*) FILTER (WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0 AND j.run_at > clock_timestamp()),
         count(*) FILTER (WHERE j.parked IS NOT NULL),
         count(*) FILTER (WHERE j.parked IS NULL AND j.shard < 0) FROM job j;
$$;

-- ---- what a person sees, and orders

-- The open jobs that these words fit ('' and 0 exclude none), each with its state in one word, why it waits, and its instance. p_world: the world
-- time that has come. age_s: since the step that ordered it.
CREATE FUNCTION jobs_seen(p_world bigint, p_state text, p_kind text, p_command text, p_owner text, p_instance bigint, p_reason text, p_older_s bigint)
RETURNS TABLE (owner int, owner_name text, instance bigint, version bigint, ordinal int, kind text, command text, is_event boolean, state text,
               world_at bigint, attempt int, tries int, reason text, error_class text, wait_ms bigint, age_s bigint, broker text,
               instance_state text, data text, machine_version int)
LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT j.owner, o.name, j.instance, j.version, j.ordinal, j.kind, j.command, j.is_event, s.state, j.world_at, j.attempt, j.tries, s.reason,
         coalesce(j.error_class, ''), s.wait_ms, s.age_s, coalesce(j.broker, ''), i.state, i.data, i.machine_version
    FROM job j JOIN owner o ON o.id = j.owner JOIN instance i ON i.owner = j.owner AND i.id = j.instance
    LEFT JOIN transition t ON t.owner = j.owner AND t.instance = j.instance AND t.version = j.version
   CROSS JOIN LATERAL (SELECT
           CASE WHEN j.token IS NOT NULL THEN 'leased' WHEN j.parked IS NOT NULL THEN 'parked' WHEN j.shard < 0 THEN 'held'
                WHEN j.run_at > clock_timestamp() THEN 'delayed' WHEN j.world_at > p_world THEN 'timer' ELSE 'ready' END AS state,
           coalesce(j.parked, j.last_error, '') AS reason,
           CASE WHEN j.run_at > clock_timestamp() THEN (extract(epoch FROM j.run_at - clock_timestamp()) * 1000)::bigint ELSE 0 END AS wait_ms,
           coalesce(extract(epoch FROM clock_timestamp() - t.wall_at)::bigint, 0) AS age_s) AS s
   WHERE (p_state = '' OR s.state = p_state) AND (p_kind = '' OR j.kind = p_kind) AND (p_command = '' OR j.command = p_command)
     AND (p_owner = '' OR o.name = p_owner) AND (p_instance = 0 OR j.instance = p_instance)
     AND (p_reason = '' OR position(p_reason IN s.reason) > 0) AND s.age_s >= p_older_s;
$$;

-- The order itself, in the chain with what it did.
CREATE FUNCTION record_intervention(p_owner int, p_data jsonb) RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint := record_move(p_owner, 'intervention', 0, 0, '', 'ordered', 'order', 0, false, p_data::text, world_now());
BEGIN
  PERFORM record_move(p_owner, 'intervention', made, 1, 'ordered', 'carried_out', 'carry_out', 0, true, p_data::text, world_now());
  RETURN made;
END $$;

-- Flags first, in everyone's order: a pause that waits for commits must not wait for us while we wait for it.
CREATE FUNCTION lock_flags(p_owner int) RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7001, 0);
  PERFORM pg_advisory_xact_lock_shared(7001, p_owner);
END $$;

-- retry: parked and delayed jobs run at once, with all their tries before them. park: jobs that nobody holds wait for a person.
-- Jobs of one owner; those that are leased, gone, or so already are left alone. Returns how many were changed, and the order's instance.
CREATE FUNCTION intervene(p_owner int, p_what text, p_instance bigint[], p_version bigint[], p_ordinal int[], p_who text, p_why text,
                          OUT changed bigint, OUT machine bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  names jsonb;
BEGIN
  IF p_what NOT IN ('retry', 'park') THEN
    RAISE EXCEPTION 'a job is not to be %', p_what USING ERRCODE = 'BU013';
  END IF;
  PERFORM lock_flags(p_owner);
  PERFORM 1
    FROM (SELECT DISTINCT * FROM unnest(p_instance, p_version, p_ordinal) AS k (instance, version, ordinal) ORDER BY 1, 2, 3) AS k
   CROSS JOIN LATERAL (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = k.instance AND j.version = k.version AND j.ordinal = k.ordinal
                          FOR UPDATE) AS j;
  WITH one AS (
    UPDATE job j SET run_at = '-infinity', tries = CASE p_what WHEN 'retry' THEN 0 ELSE j.tries END,
                     parked = CASE p_what WHEN 'park' THEN 'parked by ' || p_who || ': ' || p_why END
      FROM unnest(p_instance, p_version, p_ordinal) AS k (instance, version, ordinal)
     WHERE j.owner = ANY (ARRAY[p_owner]) AND j.instance = k.instance AND j.version = k.version AND j.ordinal = k.ordinal AND j.token IS NULL
       AND CASE p_what WHEN 'retry' THEN j.parked IS NOT NULL OR j.run_at > clock_timestamp() ELSE j.parked IS NULL END
    RETURNING j.instance, j.version, j.ordinal, j.kind, j.command)
  SELECT count(*), jsonb_agg(jsonb_build_array(o.instance, o.version, o.ordinal, o.kind, o.command) ORDER BY o.instance, o.version, o.ordinal)
    INTO changed, names FROM one o;
  IF changed > 0 THEN
    machine := record_intervention(p_owner, jsonb_build_object('what', p_what, 'jobs', names, 'who', p_who, 'why', p_why));
  END IF;
END $$;

-- A job that nobody holds becomes an event of its machine, where the instance is still in the state that the caller has looked at. Returns ''
-- or why not: gone, in_flight, moved_on.
CREATE FUNCTION cancel_job(p_owner int, p_instance bigint, p_version bigint, p_ordinal int, p_state text, p_event text, p_who text, p_why text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  one job;
BEGIN
  PERFORM lock_flags(p_owner);
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.state = p_state AND NOT i.is_final FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved_on';
  END IF;
  SELECT j.* INTO one FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.version = p_version AND j.ordinal = p_ordinal FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'gone';
  ELSIF one.token IS NOT NULL THEN
    RETURN 'in_flight';
  END IF;
  IF NOT submit_event(p_owner, p_instance, p_event, one.world_at) THEN
    RETURN 'moved_on';
  END IF;
  DELETE FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.version = p_version AND j.ordinal = p_ordinal;
  PERFORM record_intervention(p_owner, jsonb_build_object('what', 'cancel', 'event', p_event, 'who', p_who, 'why', p_why,
            'jobs', jsonb_build_array(jsonb_build_array(one.instance, one.version, one.ordinal, one.kind, one.command))));
  RETURN '';
END $$;

-- One instance to another version of its machine: a transition `migrated` in its history and in the chain; its variables and its jobs stay.
-- Returns '' or why not: moved_on (it is no longer in that state or version), in_flight (a worker of the old version holds a job of it).
CREATE FUNCTION migrate_instance(p_owner int, p_instance bigint, p_kind text, p_from int, p_to int, p_from_state text, p_to_state text,
                                 p_final boolean)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  one instance;
BEGIN
  PERFORM lock_flags(p_owner);
  SELECT i.* INTO one FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = p_kind AND i.machine_version = p_from
     AND i.state = p_from_state AND NOT i.is_final FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved_on';
  END IF;
  IF EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.token IS NOT NULL) THEN
    RETURN 'in_flight';
  END IF;
  INSERT INTO machine_pin (kind, version) SELECT p_kind, p_to WHERE p_to > 1 ON CONFLICT DO NOTHING;
  PERFORM commit(false, o.shard, h.epoch, ARRAY[o.id], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[0], ARRAY[NULL::uuid], ARRAY['done'],
            ARRAY[0::bigint], ARRAY[world_now()], ARRAY[k.epoch + g.epoch], ARRAY[1],
            ARRAY[1], ARRAY[p_instance], ARRAY[0], ARRAY[p_kind], ARRAY[p_to], ARRAY[one.version], ARRAY[p_from_state],
            ARRAY[p_to_state], ARRAY['migrated'], ARRAY['none'], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[p_final], ARRAY[one.data], ARRAY[''],
            '{}'::int[], '{}'::int[], '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::int[], '{}'::numeric[], '{}'::text[], '{}'::bigint[],
            '{}'::bigint[], '{}'::int[], '{}'::int[], '{}'::int[], '{}'::text[], '{}'::boolean[], '{}'::bigint[], '{}'::uuid[])
     FROM owner o JOIN shard h ON h.id = o.shard JOIN control k ON k.owner = o.id JOIN control g ON g.owner = 0
    WHERE o.id = p_owner;
  UPDATE instance SET machine_version = p_to WHERE owner = p_owner AND id = p_instance;
  RETURN '';
END $$;

-- Who ordered a migration, why, by which map, and how many instances it moved.
CREATE FUNCTION record_migration(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  RETURN record_intervention(p_owner, p_data::jsonb);
END $$;

-- ---- no stuck work

-- The next p_limit live instances after this key: those that nothing will ever move, and the last one looked at, whatever it is. Vaults,
-- sleeves, controls, breaks and keys with a secret wait for people, a paused cycle rests in sight; all others need a job (ready, delayed,
-- leased, held, parked in sight, or a timer) or a live child.
CREATE FUNCTION look_for_stranded(p_owner int, p_kind text, p_instance bigint, p_limit bigint)
RETURNS TABLE (owner int, kind text, instance bigint, state text, is_stranded boolean, looked_at bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH slice AS MATERIALIZED (
    SELECT i.owner, i.kind, i.id, i.state FROM instance i
     WHERE NOT i.is_final AND (i.owner, i.kind, i.id) > (p_owner, p_kind, p_instance) ORDER BY i.owner, i.kind, i.id LIMIT p_limit),
  judged AS (
    SELECT s.*, count(*) OVER () AS n, row_number() OVER (ORDER BY s.owner, s.kind, s.id) AS at,
           s.kind NOT IN ('vault', 'sleeve', 'control', 'break') AND s.state <> 'paused'
           AND NOT EXISTS (SELECT FROM job j WHERE j.owner = s.owner AND j.instance = s.id)
           AND NOT EXISTS (SELECT FROM instance c WHERE c.owner = s.owner AND c.parent = s.id AND c.parent <> 0 AND NOT c.is_final)
           AND NOT (s.kind = 'key' AND EXISTS (SELECT FROM sealed.api_key k JOIN sealed.seal z ON z.owner = k.owner AND z.id = k.id
                                                WHERE k.owner = s.owner AND k.instance = s.id)) AS is_stranded
      FROM slice s)
  SELECT j.owner, j.kind, j.id, j.state, j.is_stranded, j.n FROM judged j WHERE j.is_stranded OR j.at = j.n ORDER BY j.at;
END $$;

CREATE OR REPLACE FUNCTION stranded() RETURNS TABLE (owner int, instance bigint, kind text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT s.owner, s.instance, s.kind, s.state FROM look_for_stranded(0, '', 0, NULL) AS s WHERE s.is_stranded;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bursar_service;
GRANT EXECUTE ON FUNCTION jobs_seen, take, take_of, take_urgent, halt, free_held, give_back, job_counts, intervene, cancel_job, migrate_instance, record_migration,
                          look_for_stranded, stranded TO bursar_service;
