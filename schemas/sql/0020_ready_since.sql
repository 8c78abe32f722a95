-- 0020: since when an event has been there to be taken: a job that a step ordered has that step's time, an event had none. What
-- is ready and taken by nobody for too long is named by the time since then.
SET search_path = ledger;

CREATE OR REPLACE FUNCTION submit_event(p_owner int, p_instance bigint, p_event text, p_world bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.is_event AND j.command = p_event) THEN
    RETURN true;                       -- asked before, still waiting
  END IF;
  INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at, run_at)
  SELECT i.owner, i.id, i.version, 1000 + coalesce((SELECT max(j.ordinal) - 999 FROM job j WHERE j.owner = i.owner AND j.instance = i.id
                                                       AND j.version = i.version AND j.ordinal >= 1000), 0),
         o.shard, i.kind, p_event, true, p_world, clock_timestamp()
    FROM instance i JOIN owner o ON o.id = i.owner
   WHERE i.owner = p_owner AND i.id = p_instance AND NOT i.is_final;
  RETURN FOUND;
END $$;
