-- controls.sql: pauses, halts and freezes, each with the epoch that it raises.
SET search_path = ledger;

-- Of two freezes the one that stops more.
CREATE FUNCTION stronger_freeze(p_one text, p_other text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = ledger, pg_temp AS $$
  SELECT CASE WHEN 'all' IN (p_one, p_other) THEN 'all'
              WHEN 'entries+transfers' IN (p_one, p_other) THEN 'entries+transfers' ELSE 'no' END;
$$;

-- Pause and freeze. The exclusive lock waits for every commit that has read the epoch; the epoch makes
-- every decision stale that was made before: after these return, nothing commits that did not know.
-- p_measure: pause (a scope) or freeze (level entries+transfers or all). Returns the control's instance; 0
-- when it was in force (impose) or wasn't (lift).
CREATE FUNCTION impose(p_owner int, p_measure text, p_scope text, p_target text, p_level text, p_who text,
                       p_why text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7001, p_owner);
  IF p_measure = 'pause'
     AND EXISTS (SELECT FROM pause WHERE owner = p_owner AND scope = p_scope AND target = p_target)
     OR p_measure = 'freeze'
        AND EXISTS (SELECT FROM control
                     WHERE owner = p_owner AND frozen = stronger_freeze(frozen, p_level)) THEN
    RETURN 0;
  END IF;
  IF p_measure = 'freeze' THEN               -- another level takes the place of the one that stands
    PERFORM end_controls(p_owner, 'freeze', '', '', p_who, p_why);
  END IF;
  UPDATE control SET epoch = epoch + 1 WHERE owner = p_owner;
  made := record_move(p_owner, 'control', 0, 0, '', 'in_force', 'impose', 0, false,
            json_build_object('measure', p_measure, 'scope', p_scope, 'target', p_target, 'level', p_level,
                              'who', p_who, 'why', p_why)::text, world_now());
  IF p_measure = 'pause' THEN
    INSERT INTO pause (owner, scope, target, instance) VALUES (p_owner, p_scope, p_target, made);
  ELSE
    UPDATE control SET frozen = p_level, reason = p_why WHERE owner = p_owner;
  END IF;
  RETURN made;
END $$;

-- Ends the controls that do this: the last one's instance, 0 where there is none.
CREATE FUNCTION end_controls(p_owner int, p_measure text, p_scope text, p_target text, p_who text, p_why text)
RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  one   record;
  ended bigint := 0;
BEGIN
  FOR one IN SELECT i.id, i.version, i.data FROM instance i
              WHERE i.owner = p_owner AND i.kind = 'control' AND NOT i.is_final
                AND i.data::json ->> 'measure' = p_measure
                AND i.data::json ->> 'scope' = p_scope AND i.data::json ->> 'target' = p_target
              ORDER BY i.id LOOP
    ended := record_move(p_owner, 'control', one.id, one.version, 'in_force', 'lifted', 'lift', 0, true,
               (one.data::jsonb || jsonb_build_object('who', p_who, 'why', p_why))::text, world_now());
  END LOOP;
  RETURN ended;
END $$;

-- Whether a sleeve may not buy: it, its vault, its venue or its owner is paused.
CREATE FUNCTION is_paused(p_owner int, p_sleeve bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p JOIN sleeve s ON s.owner = p.owner AND s.id = p_sleeve
                   JOIN vault v ON v.owner = s.owner AND v.id = s.vault
                  WHERE p.owner = p_owner
                    AND (p.scope = 'owner' OR p.scope = 'sleeve' AND p.target = s.id::text
                         OR p.scope = 'vault' AND p.target = v.id::text
                         OR p.scope = 'venue' AND p.target = v.venue));
$$;

-- Lifts, and wakes every cycle that rests paused and is no longer in any paused scope.
CREATE FUNCTION lift(p_owner int, p_measure text, p_scope text, p_target text, p_who text, p_why text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  ended bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7001, p_owner);
  ended := end_controls(p_owner, p_measure, p_scope, p_target, p_who, p_why);
  IF ended = 0 THEN
    RETURN 0;
  END IF;
  UPDATE control SET epoch = epoch + 1, frozen = CASE WHEN p_measure = 'freeze' THEN 'no' ELSE frozen END,
                     reason = CASE WHEN p_measure = 'freeze' THEN '' ELSE reason END WHERE owner = p_owner;
  DELETE FROM pause WHERE p_measure = 'pause' AND owner = p_owner AND scope = p_scope AND target = p_target;
  PERFORM submit_event(i.owner, i.id, 'resume', world_now()) FROM instance i
    WHERE i.owner = p_owner AND i.kind = 'sleeve_cycle' AND NOT i.is_final AND i.state = 'paused'
      AND NOT is_paused(i.owner, i.sleeve);
  RETURN ended;
END $$;

-- Whether a pause of its kind or of itself stops an instance's jobs.
CREATE FUNCTION is_halted(p_owner int, p_kind text, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p WHERE p.owner = p_owner
                    AND (p.scope = 'kind' AND p.target = p_kind
                         OR p.scope = 'instance' AND p.target = p_instance::text))
         AND NOT may_have_left(p_owner, p_instance);
$$;

-- Its request may be at the venue, or on its way: such an order is asked about until its end, whatever is
-- paused. Otherwise a fill would stay unbooked, and an order in doubt unknown, for as long as the pause
-- lasts.
CREATE FUNCTION may_have_left(p_owner int, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'order'
                    AND i.state <> 'drafted' AND NOT i.is_final);
$$;

-- Stops an instance or a kind of an owner. When it returns nothing of it is dispatched, and what was
-- leased has lost its lease (its worker's commit is told so), but for orders whose request may have left:
-- those finish. Timers stay. Returns the control's instance, or 0: in force already.
CREATE FUNCTION halt(p_owner int, p_scope text, p_target text, p_who text, p_why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
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
   WHERE j.owner = p_owner AND j.token IS NOT NULL
     AND (p_scope = 'kind' AND j.kind = p_target OR p_scope = 'instance' AND j.instance::text = p_target)
     AND NOT may_have_left(j.owner, j.instance);
  RETURN impose(p_owner, 'pause', p_scope, p_target, '', p_who, p_why);
END $$;
