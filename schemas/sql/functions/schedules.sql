-- schedules.sql: a firing is a row (one for each time of a schedule, ever) and an instance of the machine
-- `firing`, both born in one transaction; a review's events are submitted in the transaction that starts
-- it. So a house killed at any moment neither loses nor doubles one. Nothing here is a job of its own: a
-- time on the wall is no world time, and never in a barrier's way.
SET search_path = ledger;

-- Makes the schedules those of the configuration. One that is new, back, or has other times begins now: it
-- has missed nothing. Those that are gone keep their history. Returns the owners that nobody has opened,
-- separated by commas.
CREATE FUNCTION declare_schedules(p_now bigint, p_owner text[], p_name text[], p_does text[], p_cron text[],
                                  p_zone text[], p_overlap text[], p_catch_up text[])
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7005, 0);
  UPDATE schedule s SET is_on = false
   WHERE s.is_on AND NOT EXISTS (SELECT FROM unnest(p_owner, p_name) AS d (owner, name)
                                   JOIN owner o ON o.name = d.owner
                                  WHERE o.id = s.owner AND d.name = s.name);
  INSERT INTO schedule AS s (owner, name, does, cron, zone, overlap, catch_up, last_at)
  SELECT o.id, d.name, d.does, d.cron, d.zone, d.overlap, d.catch_up, p_now
    FROM unnest(p_owner, p_name, p_does, p_cron, p_zone, p_overlap, p_catch_up)
         AS d (owner, name, does, cron, zone, overlap, catch_up)
    JOIN owner o ON o.name = d.owner
      ON CONFLICT (owner, name) DO UPDATE
     SET does = excluded.does, cron = excluded.cron, zone = excluded.zone, overlap = excluded.overlap,
         catch_up = excluded.catch_up, is_on = true,
         last_at = CASE WHEN s.is_on
                         AND (s.does, s.cron, s.zone) = (excluded.does, excluded.cron, excluded.zone)
                        THEN s.last_at ELSE greatest(s.last_at, excluded.last_at) END;
  RETURN coalesce((SELECT string_agg(DISTINCT d.owner, ', ') FROM unnest(p_owner) AS d (owner)
                    WHERE NOT EXISTS (SELECT FROM owner o WHERE o.name = d.owner)), '');
END $$;

-- Submits `review` to every vault that has rules to review, and returns the keys of the events' jobs. One
-- may have been done already, by when its key is looked for: then there is nothing of it to wait for.
CREATE FUNCTION order_reviews(p_owner int) RETURNS jsonb LANGUAGE plpgsql
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  one  record;
  keys jsonb := '[]';
BEGIN
  FOR one IN SELECT v.instance FROM vault v WHERE v.owner = p_owner
                AND EXISTS (SELECT FROM job j WHERE j.owner = v.owner AND j.instance = v.instance
                               AND j.command = 'review' AND NOT j.is_event)
              ORDER BY v.instance LOOP
    IF submit_event(p_owner, one.instance, 'review', world_now()) THEN
      keys := keys || coalesce((SELECT jsonb_agg(jsonb_build_array(j.instance, j.version, j.ordinal))
                                  FROM job j
                                 WHERE j.owner = p_owner AND j.instance = one.instance
                                   AND j.command = 'review' AND j.is_event), '[]');
    END IF;
  END LOOP;
  RETURN keys;
END $$;

-- Fires a schedule: p_last 0 or more: by the clock, for the time p_at, if nobody has since it was looked
-- at (last_at is p_last). -1: by a person, beside the clock. Returns the firing's instance with its state;
-- 0 with why not: unknown, replaying, moved_on. Another one of the schedule that has not ended goes by
-- overlap: skip; queue (100 at most, then skipped); allow.
CREATE FUNCTION fire(p_owner int, p_name text, p_last bigint, p_at bigint, p_who text, p_why text,
                     OUT machine bigint, OUT state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  s       schedule;
  before  record;
  reviews jsonb;
  told    jsonb;
BEGIN
  machine := 0;
  PERFORM lock_flags(p_owner);
  SELECT * INTO s FROM schedule x WHERE x.owner = p_owner AND x.name = p_name AND x.is_on FOR UPDATE;
  IF NOT FOUND THEN
    state := 'unknown';
    RETURN;
  ELSIF EXISTS (SELECT FROM feed WHERE NOT finished) THEN
    state := 'replaying';
    RETURN;
  ELSIF p_last >= 0 AND s.last_at <> p_last
     OR EXISTS (SELECT FROM firing f WHERE f.owner = p_owner AND f.schedule = p_name AND f.at = p_at) THEN
    state := 'moved_on';
    RETURN;
  END IF;
  SELECT count(*) AS n, max(l.instance) AS last INTO before FROM live_firing l
   WHERE l.owner = p_owner AND l.schedule = p_name;
  state := CASE WHEN before.n > 0 AND s.overlap = 'skip' OR before.n >= 100 THEN 'skipped'
                WHEN s.does = 'review' AND (before.n = 0 OR s.overlap = 'allow') THEN 'running'
                   ELSE 'due' END;
  IF state = 'running' THEN
    reviews := order_reviews(p_owner);
  END IF;
  told := jsonb_build_object('schedule', p_name, 'does', s.does, 'cron', s.cron, 'zone', s.zone,
                             'overlap', s.overlap, 'at', p_at, 'who', p_who, 'why', p_why);
  machine := record_move(p_owner, 'firing', 0, 0, '', 'due', 'fire', 0, false, told::text, world_now());
  INSERT INTO firing (owner, schedule, at, instance) VALUES (p_owner, p_name, p_at, machine);
  UPDATE schedule x SET last_at = p_at WHERE p_last >= 0 AND x.owner = p_owner AND x.name = p_name;
  IF state = 'running' THEN
    PERFORM record_move(p_owner, 'firing', machine, 1, 'due', 'running', 'start', 0, false,
              (told || jsonb_build_object('jobs', reviews))::text, world_now());
  ELSIF state = 'skipped' THEN
    told := told || jsonb_build_object('outcome',
              CASE WHEN s.overlap = 'skip' THEN format('firing %s of it has not ended', before.last)
                   ELSE format('%s firings of it have not ended', before.n) END);
    PERFORM record_move(p_owner, 'firing', machine, 1, 'due', 'skipped', 'skip', 0, true, told::text,
                        world_now());
  END IF;
END $$;

-- Times up to p_now were missed, and are not to be fired. False: somebody has fired since.
CREATE FUNCTION pass_schedule(p_owner int, p_name text, p_last bigint, p_now bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  UPDATE schedule s SET last_at = p_now WHERE s.owner = p_owner AND s.name = p_name AND s.last_at = p_last
     AND p_now > p_last;
  RETURN FOUND;
END $$;

-- A live firing, so that nobody else moves its schedule's; nothing where it has moved on.
CREATE FUNCTION lock_firing(p_owner int, p_instance bigint, p_state text) RETURNS SETOF live_firing
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  PERFORM 1 FROM firing f JOIN schedule s ON s.owner = f.owner AND s.name = f.schedule
    WHERE f.owner = p_owner AND f.instance = p_instance
     FOR UPDATE OF s;
  RETURN QUERY SELECT * FROM live_firing l
                  WHERE l.owner = p_owner AND l.instance = p_instance AND l.state = p_state;
END $$;

-- Starts the oldest due firing that does one of these, and whose turn it is; instance 0: there is none (or
-- somebody else has it: ask again).
CREATE FUNCTION take_firing(p_does text[], OUT owner int, OUT machine bigint, OUT schedule text,
                            OUT does text, OUT at bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  next    record;
  one     record;
  reviews jsonb := 'null';
BEGIN
  machine := 0;
  SELECT l.owner, l.instance INTO next FROM live_firing l
   WHERE l.state = 'due' AND l.does = ANY (p_does)
     AND (l.overlap = 'allow'
          OR NOT EXISTS (SELECT FROM live_firing e
                          WHERE e.owner = l.owner AND e.schedule = l.schedule AND e.instance < l.instance))
   ORDER BY l.at, l.instance LIMIT 1;
  IF next.instance IS NULL THEN
    RETURN;
  END IF;
  SELECT l.* INTO one FROM lock_firing(next.owner, next.instance, 'due') AS l;
  IF one.instance IS NULL THEN
    RETURN;
  END IF;
  IF one.does = 'review' THEN
    reviews := order_reviews(one.owner);
  END IF;
  PERFORM record_move(one.owner, 'firing', one.instance, one.version, 'due', 'running', 'start', 0, false,
            CASE one.does WHEN 'review' THEN (one.data::jsonb || jsonb_build_object('jobs', reviews))::text
                 ELSE one.data END, world_now());
  owner := one.owner;
  machine := one.instance;
  schedule := one.schedule;
  does := one.does;
  at := one.at;
END $$;

-- What came of a running firing. False: it runs no more.
CREATE FUNCTION end_firing(p_owner int, p_instance bigint, p_done boolean, p_outcome text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  one record;
BEGIN
  SELECT l.* INTO one FROM lock_firing(p_owner, p_instance, 'running') AS l;
  IF one.instance IS NULL THEN
    RETURN false;
  END IF;
  PERFORM record_move(p_owner, 'firing', p_instance, one.version, 'running',
                      CASE WHEN p_done THEN 'done' ELSE 'failed' END,
            CASE WHEN p_done THEN 'finish' ELSE 'fail' END, 0, true,
            (one.data::jsonb || jsonb_build_object('outcome', p_outcome))::text, world_now());
  RETURN true;
END $$;

-- The performer of these has died over what runs: due again. Returns how many. For him alone who takes its
-- place.
CREATE FUNCTION lose_firings(p_does text[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
DECLARE
  each record;
  one  record;
  lost bigint := 0;
BEGIN
  FOR each IN SELECT l.owner, l.instance FROM live_firing l
               WHERE l.state = 'running' AND l.does = ANY (p_does) ORDER BY 1, 2 LOOP
    SELECT l.* INTO one FROM lock_firing(each.owner, each.instance, 'running') AS l;
    CONTINUE WHEN one.instance IS NULL;
    PERFORM record_move(one.owner, 'firing', one.instance, one.version, 'running', 'due', 'lose', 0, false,
                        one.data, world_now());
    lost := lost + 1;
  END LOOP;
  RETURN lost;
END $$;

-- Ends one running firing of a review whose events are all done; false: there is none.
CREATE FUNCTION settle_review() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
DECLARE
  one record;
BEGIN
  SELECT l.owner, l.instance, jsonb_array_length(x.jobs) AS vaults INTO one FROM live_firing l
   CROSS JOIN LATERAL (SELECT coalesce(nullif(l.data::jsonb -> 'jobs', 'null'), '[]') AS jobs) AS x
   WHERE l.state = 'running' AND l.does = 'review'
     AND NOT EXISTS (SELECT FROM jsonb_array_elements(x.jobs) AS k
                       JOIN job j ON j.owner = l.owner AND j.instance = (k ->> 0)::bigint
                        AND j.version = (k ->> 1)::bigint
                                 AND j.ordinal = (k ->> 2)::int) LIMIT 1;
  IF one.instance IS NULL THEN
    RETURN false;
  END IF;
  RETURN end_firing(one.owner, one.instance, true,
           CASE one.vaults WHEN 0 THEN 'no vault has rules to review'
                ELSE format('%s vault(s) reviewed', one.vaults) END);
END $$;

-- The newest firings of a schedule, newest first: what became of each, and how long it took (or has taken,
-- so far).
CREATE FUNCTION firings_seen(p_owner int, p_name text, p_limit bigint)
RETURNS TABLE (at bigint, machine bigint, state text, who text, why text, outcome text, took_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT f.at, f.instance, i.state, i.data::json ->> 'who', i.data::json ->> 'why',
         coalesce(i.data::json ->> 'outcome', ''), coalesce(t.ms, 0)
    FROM (SELECT * FROM firing x WHERE x.owner = p_owner AND x.schedule = p_name ORDER BY x.at DESC
           LIMIT p_limit) AS f
    JOIN instance i ON i.owner = f.owner AND i.id = f.instance
   CROSS JOIN LATERAL (
      SELECT (extract(epoch FROM coalesce(max(t.wall_at) FILTER (WHERE t.event IN ('finish', 'fail')),
                                          clock_timestamp())
                               - max(t.wall_at) FILTER (WHERE t.event = 'start')) * 1000)::bigint AS ms
        FROM transition t WHERE t.owner = f.owner AND t.instance = f.instance) AS t
   ORDER BY f.at DESC;
$$;
