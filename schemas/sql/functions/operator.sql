-- operator.sql: what an operator does: looks at jobs and orders them again, parks or cancels them; moves
-- instances to a new version of their machine; and counts what nothing will ever move, a slice at a time.
-- Each order is history: an instance of the machine `intervention`, in the chain with what it did.
SET search_path = ledger;

-- jobs_seen without settings of its own, so that the planner sees through it: the first fifty of 200,000
-- jobs are read along the primary key, instead of all of them before the limit.
CREATE FUNCTION jobs_seen(p_world bigint, p_state text, p_kind text, p_command text, p_owner text,
                          p_instance bigint, p_reason text, p_older_s bigint)
RETURNS TABLE (owner int, owner_name text, instance bigint, version bigint, ordinal int, kind text,
               command text, is_event boolean, state text, world_at bigint, attempt int, tries int,
               reason text, error_class text, wait_ms bigint, age_s bigint, broker text, instance_state text,
               data text, machine_version int)
LANGUAGE sql STABLE AS $$
  SELECT j.owner, o.name, j.instance, j.version, j.ordinal, j.kind, j.command, j.is_event, s.state,
         j.world_at, j.attempt, j.tries, s.reason,
         coalesce(j.error_class, ''), s.wait_ms, s.age_s, coalesce(j.broker, ''), i.state, i.data,
         i.machine_version
    FROM ledger.job j JOIN ledger.owner o ON o.id = j.owner
    JOIN ledger.instance i ON i.owner = j.owner AND i.id = j.instance
    LEFT JOIN ledger.transition t ON t.owner = j.owner AND t.instance = j.instance AND t.version = j.version
   CROSS JOIN LATERAL (SELECT
           CASE WHEN j.token IS NOT NULL THEN 'leased' WHEN j.parked IS NOT NULL THEN 'parked'
                WHEN j.shard < 0 THEN 'held'
                WHEN j.run_at > clock_timestamp() THEN 'delayed' WHEN j.world_at > p_world THEN 'timer'
                   ELSE 'ready' END AS state,
           coalesce(j.parked, j.last_error, '') AS reason,
           CASE WHEN j.run_at > clock_timestamp()
                THEN (extract(epoch FROM j.run_at - clock_timestamp()) * 1000)::bigint ELSE 0 END AS wait_ms,
           coalesce(extract(epoch FROM clock_timestamp() - t.wall_at)::bigint, 0) AS age_s) AS s
   WHERE (p_state = '' OR s.state = p_state) AND (p_kind = '' OR j.kind = p_kind)
     AND (p_command = '' OR j.command = p_command)
     AND (p_owner = '' OR o.name = p_owner) AND (p_instance = 0 OR j.instance = p_instance)
     AND (p_reason = '' OR position(p_reason IN s.reason) > 0) AND s.age_s >= p_older_s;
$$;

-- Flags first, in everyone's order: a pause that waits for commits must not wait for us while we wait for it.
CREATE FUNCTION lock_flags(p_owner int) RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7001, 0);
  PERFORM pg_advisory_xact_lock_shared(7001, p_owner);
END $$;

-- The order itself, in the chain with what it did.
CREATE FUNCTION record_intervention(p_owner int, p_data jsonb) RETURNS bigint LANGUAGE plpgsql
SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint := record_move(p_owner, 'intervention', 0, 0, '', 'ordered', 'order', 0, false, p_data::text,
                             world_now());
BEGIN
  PERFORM record_move(p_owner, 'intervention', made, 1, 'ordered', 'carried_out', 'carry_out', 0, true,
                      p_data::text, world_now());
  RETURN made;
END $$;

-- retry: parked and delayed jobs run at once, with all their tries before them. park: jobs that nobody
-- holds wait for a person. Jobs of one owner; those that are leased, gone, or so already are left alone.
-- Returns how many were changed, and the order's instance.
CREATE FUNCTION intervene(p_owner int, p_what text, p_instance bigint[], p_version bigint[], p_ordinal int[],
                          p_who text, p_why text, OUT changed bigint, OUT machine bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  names jsonb;
BEGIN
  IF p_what NOT IN ('retry', 'park') THEN
    RAISE EXCEPTION 'a job is not to be %', p_what USING ERRCODE = 'BU013';
  END IF;
  PERFORM lock_flags(p_owner);
  PERFORM 1
    FROM (SELECT DISTINCT * FROM unnest(p_instance, p_version, p_ordinal) AS k (instance, version, ordinal)
           ORDER BY 1, 2, 3) AS k
   CROSS JOIN LATERAL (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = k.instance
                          AND j.version = k.version AND j.ordinal = k.ordinal
                          FOR UPDATE) AS j;
  WITH one AS (
    UPDATE job j SET run_at = '-infinity', tries = CASE p_what WHEN 'retry' THEN 0 ELSE j.tries END,
                     parked = CASE p_what WHEN 'park' THEN 'parked by ' || p_who || ': ' || p_why END
      FROM unnest(p_instance, p_version, p_ordinal) AS k (instance, version, ordinal)
     WHERE j.owner = ANY (ARRAY[p_owner]) AND j.instance = k.instance AND j.version = k.version
       AND j.ordinal = k.ordinal AND j.token IS NULL
       AND CASE p_what WHEN 'retry' THEN j.parked IS NOT NULL OR j.run_at > clock_timestamp()
                       ELSE j.parked IS NULL END
    RETURNING j.instance, j.version, j.ordinal, j.kind, j.command)
  SELECT count(*), jsonb_agg(jsonb_build_array(o.instance, o.version, o.ordinal, o.kind, o.command)
                             ORDER BY o.instance, o.version, o.ordinal)
    INTO changed, names FROM one o;
  IF changed > 0 THEN
    machine := record_intervention(
      p_owner, jsonb_build_object('what', p_what, 'jobs', names, 'who', p_who, 'why', p_why));
  END IF;
END $$;

-- A job that nobody holds becomes an event of its machine, where the instance is still in the state that
-- the caller has looked at. Returns '' or why not: gone, in_flight, moved_on.
CREATE FUNCTION cancel_job(p_owner int, p_instance bigint, p_version bigint, p_ordinal int, p_state text,
                           p_event text, p_who text, p_why text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  one job;
BEGIN
  PERFORM lock_flags(p_owner);
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.state = p_state
    AND NOT i.is_final FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved_on';
  END IF;
  SELECT j.* INTO one FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.version = p_version
     AND j.ordinal = p_ordinal FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'gone';
  ELSIF one.token IS NOT NULL THEN
    RETURN 'in_flight';
  END IF;
  IF NOT submit_event(p_owner, p_instance, p_event, one.world_at) THEN
    RETURN 'moved_on';
  END IF;
  DELETE FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.version = p_version
     AND j.ordinal = p_ordinal;
  PERFORM record_intervention(p_owner, jsonb_build_object(
            'what', 'cancel', 'event', p_event, 'who', p_who, 'why', p_why,
            'jobs', jsonb_build_array(
                      jsonb_build_array(one.instance, one.version, one.ordinal, one.kind, one.command))));
  RETURN '';
END $$;

-- One instance to another version of its machine: a transition `migrated` in its history and in the chain;
-- its variables and its jobs stay. Returns '' or why not: moved_on (it is no longer in that state or
-- version), in_flight (a worker of the old version holds a job of it).
CREATE FUNCTION migrate_instance(p_owner int, p_instance bigint, p_kind text, p_from int, p_to int,
                                 p_from_state text, p_to_state text, p_final boolean)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  one instance;
BEGIN
  PERFORM lock_flags(p_owner);
  SELECT i.* INTO one FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = p_kind
     AND i.machine_version = p_from
     AND i.state = p_from_state AND NOT i.is_final FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved_on';
  END IF;
  IF EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance
                AND j.token IS NOT NULL) THEN
    RETURN 'in_flight';
  END IF;
  INSERT INTO machine_pin (kind, version) SELECT p_kind, p_to WHERE p_to > 1 ON CONFLICT DO NOTHING;
  PERFORM commit(
            false, o.shard, h.epoch,
            ARRAY[o.id], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[0], ARRAY[NULL::uuid], ARRAY['done'],
            ARRAY[0::bigint], ARRAY[world_now()], ARRAY[k.epoch + g.epoch], ARRAY[1],
            ARRAY[1], ARRAY[p_instance], ARRAY[0], ARRAY[p_kind], ARRAY[p_to], ARRAY[one.version],
            ARRAY[p_from_state], ARRAY[p_to_state], ARRAY['migrated'], ARRAY['none'], ARRAY[0::bigint],
            ARRAY[0::bigint], ARRAY[p_final], ARRAY[one.data], ARRAY[''],
            '{}'::int[], '{}'::int[], '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::int[],
            '{}'::numeric[], '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::int[],
            '{}'::int[], '{}'::int[], '{}'::text[], '{}'::boolean[], '{}'::bigint[], '{}'::uuid[])
     FROM owner o JOIN shard h ON h.id = o.shard JOIN control k ON k.owner = o.id
     JOIN control g ON g.owner = 0
    WHERE o.id = p_owner;
  UPDATE instance SET machine_version = p_to WHERE owner = p_owner AND id = p_instance;
  RETURN '';
END $$;

-- Holds an order for a person's step in this transaction: '' or why not: moved_on (it has ended, or is no
-- longer as it was looked at), in_flight (a worker holds a job of it: it may be asking the venue just
-- now). The order's last step ends its jobs.
CREATE FUNCTION hold_for_person(p_owner int, p_instance bigint, p_version bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'order'
    AND i.version = p_version AND NOT i.is_final
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved_on';
  END IF;
  PERFORM 1 FROM job j WHERE j.owner = p_owner AND j.instance = p_instance
    ORDER BY j.version, j.ordinal FOR UPDATE;
  RETURN CASE WHEN EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance
                              AND j.token IS NOT NULL) THEN 'in_flight' ELSE '' END;
END $$;

-- A record in a caller's own words, of one of these things and nothing else: what verification believes of
-- one is not for those to write who may record another (who_may.sql).
CREATE FUNCTION record_said(p_owner int, p_data text, VARIADIC p_of text[]) RETURNS bigint LANGUAGE plpgsql
SET search_path = ledger, pg_temp AS $$
DECLARE
  said jsonb := p_data::jsonb;
BEGIN
  IF said ->> 'what' = ANY (p_of) THEN
    RETURN record_intervention(p_owner, said);
  END IF;
  RAISE EXCEPTION 'a record of % is not made here, only of %', coalesce(said ->> 'what', 'nothing'),
    array_to_string(p_of, ' or ') USING ERRCODE = 'BU013';
END $$;

-- What stands as it was made; the owner's alone.
CREATE FUNCTION record_standing(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  RETURN record_said(p_owner, p_data, 'standing');
END $$;

-- Who ordered a migration, why, by which map, and how many instances it moved.
CREATE FUNCTION record_migration(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  RETURN record_said(p_owner, p_data, 'migrate');
END $$;

-- The order to end an order by a person's word, in the transaction of its step and after it (so without
-- flags of its own): the shard's row is locked last.
CREATE FUNCTION record_resolution(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  RETURN record_said(p_owner, p_data, 'resolve');
END $$;

-- That a checkpoint was signed, or that those before count no longer, and who said so.
CREATE FUNCTION record_checkpoint(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  RETURN record_said(p_owner, p_data, 'checkpoint', 'checkpoints anew');
END $$;

-- The next p_limit live instances after this key, judged: rows of those that nothing will ever move, and
-- the last one looked at, whatever it is. Vaults, sleeves, controls and breaks stand until a person moves
-- them, a resolution until the venue's own word; a paused cycle rests in sight; a live key waits for a
-- look at the venue or for a person; a firing that has not ended waits for the house, in sight: `bursar
-- status` names it when it is overdue. All others need something to move them.
CREATE FUNCTION look_for_stranded(p_owner int, p_kind text, p_instance bigint, p_limit bigint)
RETURNS TABLE (owner int, kind text, instance bigint, state text, is_stranded boolean, looked_at bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH slice AS MATERIALIZED (
    SELECT i.owner, i.kind, i.id, i.state FROM instance i
     WHERE NOT i.is_final AND (i.owner, i.kind, i.id) > (p_owner, p_kind, p_instance)
     ORDER BY i.owner, i.kind, i.id LIMIT p_limit),
  judged AS (
    SELECT s.*, count(*) OVER () AS n, row_number() OVER (ORDER BY s.owner, s.kind, s.id) AS at,
           s.kind NOT IN ('vault', 'sleeve', 'control', 'break', 'resolution') AND s.state <> 'paused'
           AND NOT EXISTS (SELECT FROM job j WHERE j.owner = s.owner AND j.instance = s.id)
           AND NOT EXISTS (SELECT FROM instance c
                            WHERE c.owner = s.owner AND c.parent = s.id AND c.parent <> 0 AND NOT c.is_final)
           AND NOT (s.kind = 'firing'
                    AND EXISTS (SELECT FROM firing f WHERE f.owner = s.owner AND f.instance = s.id))
           AND NOT (s.kind = 'key'
                    AND EXISTS (SELECT FROM sealed.api_key k
                                  JOIN sealed.seal z ON z.owner = k.owner AND z.id = k.id
                                 WHERE k.owner = s.owner AND k.instance = s.id)) AS is_stranded
      FROM slice s)
  SELECT j.owner, j.kind, j.id, j.state, j.is_stranded, j.n FROM judged j WHERE j.is_stranded OR j.at = j.n
   ORDER BY j.at;
END $$;

-- All of them at once.
CREATE FUNCTION stranded() RETURNS TABLE (owner int, instance bigint, kind text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT s.owner, s.instance, s.kind, s.state FROM look_for_stranded(0, '', 0, NULL) AS s WHERE s.is_stranded;
$$;
